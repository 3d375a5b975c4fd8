using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Fine-tuning: the network goes on training on the defender's clean images. The control that stands beside every other
/// repair: what this does too, their idea did not do.
/// </summary>
[Method(
    "fine-tuning",
    "Fine-Tuning",
    Aliases = ["ft"],
    Order = 55,
    Summary = "Goes on training on a few clean images: the control for every repair.",
    Paper = "Liu, Xie, Srivastava: Neural Trojans, ICCD 2017; settings as BackdoorBench's (Wu et al., NeurIPS 2022)",
    Deviations = "A cosine schedule instead of a constant rate."
)]
public sealed record PlainFineTuning : HoldoutTuned;
