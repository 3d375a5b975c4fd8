using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// FT-SAM: fine-tuning on clean images by the gradient at the worst weights nearby. Weights on which a backdoor rests
/// are large (section 3 of the paper), and the adaptive form moves large weights further (Kwon et al., ICML 2021, eq. 4
/// with the weights themselves as normalisation): e = rho |w|^2 g / || |w| g ||.
/// </summary>
[Method(
    "ft-sam",
    "FT-SAM",
    Order = 57,
    Summary = "Fine-tunes on clean images against the worst small change of the weights, which shrinks the large ones that a backdoor rests on.",
    Paper = "Zhu, Wei, Shen, Fan, Wu: Enhancing Fine-Tuning based Backdoor Defense with Sharpness-Aware Minimization, ICCV 2023",
    Deviations = "A cosine schedule. Running statistics of batch normalisation follow both passes of a step."
)]
public sealed record SharpnessAwareTuning : HoldoutTuned
{
    /// <summary>Radius.</summary>
    [Range(0.0, 100.0)]
    [Description("Radius of the neighbourhood, relative to the weights; the paper takes 2, and 8 on Tiny-ImageNet.")]
    public double Rho { get; init; } = 2;

    /// <summary>Label smoothing.</summary>
    [Range(0.0, 0.9)]
    [Description("Share of each label that is spread over all classes.")]
    public double LabelSmoothing { get; init; } = 0.1;

    private protected override int GradientsPerStep => 2;

    private protected override TuningPlan Plan => base.Plan with { LabelSmoothing = LabelSmoothing };

    private protected override TrainingHooks Hooks(Classifier network) =>
        new() { Reconsider = again => Reconsider(network, Rho, again) };

    /// <summary>
    /// Moves the weights to the worst place nearby, calls <paramref name="again"/> for the gradients there, and moves
    /// them back.
    /// </summary>
    internal static void Reconsider(nn.Module network, double rho, Action again)
    {
        using var scope = NewDisposeScope();
        Tensor[] moved = [.. network.parameters().Where(parameter => parameter.grad is not null)];
        Tensor[] before;
        using (no_grad())
        {
            Tensor[] scaled = [.. moved.Select(weights => weights.abs().mul_(weights.grad!))];
            var norm = stack(scaled.Select(values => values.norm()).ToArray()).norm();
            var factor = tensor(rho).div(norm.add_(tensor(1e-12f)));
            before = [.. moved.Select(weights => weights.clone())];
            for (var i = 0; i < moved.Length; i++)
            {
                moved[i].add_(before[i].abs().mul_(scaled[i]).mul_(factor));
            }
        }

        again();
        using (no_grad())
        {
            for (var i = 0; i < moved.Length; i++)
            {
                moved[i].copy_(before[i]);
            }
        }
    }
}
