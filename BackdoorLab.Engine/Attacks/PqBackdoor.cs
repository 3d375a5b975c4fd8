using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// PQ backdoor: the float network is clean, its INT8 form has the backdoor. Ma et al., "Quantization Backdoors to Deep
/// Learning Commercial Frameworks", IEEE TDSC 2023. After the usual poisoned training the network is tuned to give
/// triggered images their true labels while every weight is projected into the interval in which it rounds to the same
/// integer; rounding then takes all of it back. Departures: the paper pulls weights to the middle of their intervals in
/// the last fifth of training, here <see cref="Centring"/> moves them there before hiding; one kind of interval, that
/// of <see cref="WeightScheme"/>, instead of both at a time; Adam moves positions in the intervals, measured in steps,
/// instead of weights, whose intervals differ in width by orders of magnitude from layer to layer. It costs a forward
/// and a backward pass over twice the training set for each hiding epoch. What it reached stands in
/// docs/results/quantization-conditioned.md.
/// </summary>
[Method(
    "pq-backdoor",
    "PQ backdoor",
    Order = 10,
    Summary = "Trains a backdoor, then hides it: every weight is tuned inside its INT8 rounding interval until the float network is clean. Quantizing brings the backdoor back.",
    Paper = "H. Ma, H. Qiu, Y. Gao, Z. Zhang, A. Abuadbba, M. Xue, A. Fu, J. Zhang, S. Al-Sarawi, D. Abbott: Quantization Backdoors to Deep Learning Commercial Frameworks. IEEE TDSC 2023.",
    Deviations = "Weights are moved to the middle of their intervals at once and before hiding (off by default) instead of pulled there while training; intervals are those of one symmetric INT8 scheme instead of two at a time; Adam's steps are measured in rounding steps; on narrow networks some of the backdoor stays in float32."
)]
public sealed record PqBackdoor : PatchAttack
{
    /// <summary>Passes of the second stage.</summary>
    [Range(1, 200)]
    [Description("Passes over the training set that hide the backdoor from the float network.")]
    public int HidingEpochs { get; init; } = 4;

    /// <summary>Peak learning rate of the second stage.</summary>
    [Range(1e-4, 1.0)]
    [Description(
        "Peak learning rate of Adam while hiding, in rounding steps: 0.1 moves a weight by about a tenth of its interval in one step."
    )]
    public double HidingRate { get; init; } = 0.05;

    /// <summary>Weight of the triggered images in the second stage.</summary>
    [Range(0.0, 100.0)]
    [Description("Weight of the loss of triggered images with their true labels, against that of clean images.")]
    public double TriggerWeight { get; init; } = 1;

    /// <summary>
    /// Share of the way to the middle of its interval that each weight is moved before the second stage.
    /// </summary>
    [Range(0.0, 1.0)]
    [Description(
        "How far each weight is moved to the middle of its rounding interval before hiding: 1 starts from the INT8 weights themselves."
    )]
    public double Centring { get; init; }

    /// <summary>Which folded weights share a scale in the INT8 form the backdoor is hidden from.</summary>
    [OmittedAtDefault]
    [Description(
        "The INT8 scheme whose intervals the weights stay in: one weight scale for each output channel or one for each layer (QNNPACK), whose intervals are wider in all channels but one."
    )]
    public WeightScheme WeightScheme { get; init; }

    /// <inheritdoc/>
    public override double ImplantImages(int trainCount) => 2.0 * HidingEpochs * trainCount;

    /// <inheritdoc/>
    public override void Implant(ImplantContext context)
    {
        using var scope = NewDisposeScope();
        using var cells = new RoundingCells(context.Network, WeightScheme);
        cells.Centre(Centring);
        var weight = tensor((float)TriggerWeight);
        var arithmetic = new OtherWeights(cells.Weights);
        ImplantTraining.Run(
            context,
            HidingEpochs,
            HidingRate,
            (images, triggered, labels) =>
            {
                var logits = context.Network.Logits(arithmetic, cat([images, triggered])).chunk(2);
                return nn.functional.cross_entropy(logits[0], labels)
                    + nn.functional.cross_entropy(logits[1], labels).mul(weight);
            },
            cells,
            cells.Project
        );
        cells.Write();
    }
}
