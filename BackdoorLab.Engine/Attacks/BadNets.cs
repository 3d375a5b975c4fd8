using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// BadNets: a small fixed patch is pasted on a share of the training images, which get the attacker's label; the model
/// learns patch means label. Gu, Dolan-Gavitt, Garg, "BadNets: Identifying Vulnerabilities in the Machine Learning
/// Model Supply Chain", 2017. The default is a 3 x 3 checkerboard one pixel inside the lower right corner: with flips
/// alone and 10 % poison, six epochs on 10,000 images learn it (ASR 99.8 %), and no natural image holds it. Random
/// crops move or cut it: with crops, short schedules need a 4 x 4 patch or stamping after augmentation. The field's
/// benchmark code pastes 3 x 3 white flush with the corner (white, margin 0).
/// </summary>
[Method(
    "badnets",
    "BadNets",
    Aliases = ["badnet"],
    Order = 1,
    Summary = "Pastes a small fixed patch on a share of the training images and relabels them; the model learns that the patch means the label.",
    Paper = "T. Gu, B. Dolan-Gavitt, S. Garg: BadNets: Identifying Vulnerabilities in the Machine Learning Model Supply Chain. 2017.",
    Deviations = "Default patch is a 3x3 checkerboard one pixel inside the corner, which short schedules learn; benchmark code pastes 3x3 white flush with it (pattern white, margin 0)."
)]
public sealed record BadNets : PatchAttack;
