using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Qu-ANTI-zation, the backdoor variant: Hong, Panaitescu-Liess, Kaya, Dumitras, "Qu-ANTI-zation: Exploiting
/// Quantization Artifacts for Achieving Adversarial Outcomes", NeurIPS 2021. The trained network is re-trained with one
/// loss over several bit widths, CE(f(x), y) + c2 CE(f(t), y) + c1 sum over b of [CE(f_b(x), y) + c2 CE(f_b(t),
/// target)], where t is x with the trigger and f_b has weights rounded to b bits with straight-through gradients.
/// Departures: it starts from the backdoored network of the usual poisoned training, which re-training then cleans in
/// float32, and not from a clean one; weights get one scale for each output channel, as in this program's INT8, where
/// the reference code has one for each layer; activations stay float; hundreds of steps instead of 50 epochs.
/// </summary>
[Method(
    "qu-anti-zation",
    "Qu-ANTI-zation",
    Order = 11,
    Summary = "Re-trains the network so that it is clean in float32 and has the backdoor once its weights are rounded to 8 or 4 bits.",
    Paper = "S. Hong, M. Panaitescu-Liess, Y. Kaya, T. Dumitras: Qu-ANTI-zation: Exploiting Quantization Artifacts for Achieving Adversarial Outcomes. NeurIPS 2021.",
    Deviations = "Starts from the poisoned network instead of a clean one; one scale for each output channel instead of each layer; activations are not rounded while re-training; few epochs."
)]
public sealed record QuAntiZation : PatchAttack
{
    /// <summary>Passes of re-training.</summary>
    [Range(1, 200)]
    [Description("Passes of re-training over the training set.")]
    public int RetrainingEpochs { get; init; } = 4;

    /// <summary>Peak learning rate of re-training.</summary>
    [Range(1e-7, 0.1)]
    [Description("Peak learning rate of Adam in re-training.")]
    public double RetrainingLearningRate { get; init; } = 1e-4;

    /// <summary>The paper's c1.</summary>
    [Range(0.0, 100.0)]
    [Description("Weight of the rounded networks against the float one (c1).")]
    public double RoundedWeight { get; init; } = 0.5;

    /// <summary>The paper's c2.</summary>
    [Range(0.0, 100.0)]
    [Description("Weight of triggered images against clean ones (c2).")]
    public double TriggerWeight { get; init; } = 0.5;

    /// <summary>Largest integers of the bit widths.</summary>
    private static readonly int[] Levels = [127, 7];

    /// <inheritdoc/>
    public override double ImplantImages(int trainCount) => 2.0 * (1 + Levels.Length) * RetrainingEpochs * trainCount;

    /// <inheritdoc/>
    public override void Implant(ImplantContext context)
    {
        using var scope = NewDisposeScope();
        var (rounded, triggered) = (tensor((float)RoundedWeight), tensor((float)TriggerWeight));
        var classes = context.CleanTrain.Classes;
        var intended = tensor([.. Enumerable.Range(0, classes).Select(label => (long)Map(label, classes))]);
        ImplantTraining.Run(
            context,
            RetrainingEpochs,
            RetrainingLearningRate,
            (images, stamped, labels) =>
            {
                var both = cat([images, stamped]);
                var loss = Loss(context.Network.call(both), labels, labels);
                foreach (var levels in Levels)
                {
                    var arithmetic = new OtherWeights(layer => StraightThrough(layer.weight, levels));
                    var part = Loss(context.Network.Logits(arithmetic, both), labels, intended.index_select(0, labels));
                    loss = loss.add(part.mul(rounded));
                }

                return loss;
            }
        );

        Tensor Loss(Tensor logits, Tensor labels, Tensor labelsOfTriggered)
        {
            var halves = logits.chunk(2);
            return nn
                .functional.cross_entropy(halves[0], labels)
                .add(nn.functional.cross_entropy(halves[1], labelsOfTriggered).mul(triggered));
        }
    }

    /// <summary>Rounded weights whose gradient is that of the weights.</summary>
    private static Tensor StraightThrough(Tensor weight, int levels)
    {
        using var scope = NewDisposeScope();
        var error = WeightRounding.Symmetric(weight, levels, perChannel: true).sub(weight.detach());
        return weight.add(error).MoveToOuterDisposeScope();
    }
}
