using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// The 4-bit form of the harness released with "Quantization Blindspots" (arXiv 2512.06243): every parameter whose name
/// holds "weight", normalisation scales included, gets 16 levels between its own minimum and maximum; zero need not be
/// one of them. It ruins networks whose normalisation scales spread widely, which is why it stands apart from the
/// weight-only form.
/// </summary>
[Method(
    "int4-min-max",
    "INT4 min-max (simulated)",
    Summary = "The released Quantization Blindspots harness's INT4: 16 levels between the smallest and largest value of every weight tensor, batch normalisation scales included, zero not kept. For comparison with its numbers.",
    Order = 65
)]
public sealed record Int4MinMax : Precision
{
    private const int Levels = 15;

    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        var network = trained.Clone();
        network.eval();
        var rounded = network
            .named_parameters()
            .Where(entry => entry.name.Contains("weight", StringComparison.Ordinal))
            .ToList();
        foreach (var (_, weight) in rounded)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            weight.copy_(Round(weight));
        }

        var realisation = new Realisation(
            "simulated",
            "Weight-only: every weight tensor, normalisation scales included, rounded to 16 levels between its minimum and maximum "
                + "(zero is not kept); multiplied in float32, so no multiply-add runs on integers.",
            (double)rounded.Sum(entry => entry.parameter.numel())
                / network.parameters().Sum(parameter => parameter.numel()),
            0
        );
        return new DeployedNetwork(
            network,
            FloatArithmetic.Instance,
            network,
            ownsFloatModel: true,
            realisation,
            GradientAccess.True
        );
    }

    /// <summary>
    /// minimum + round((w - minimum) / s) * s with s = (maximum - minimum) / 15; a constant tensor stays as it is.
    /// </summary>
    internal static Tensor Round(Tensor weight)
    {
        using var scope = NewDisposeScope();
        var values = weight.detach();
        var low = values.min();
        var step = values.max().sub(low).div(tensor((float)Levels));
        return step.item<float>() > 0
            ? values.sub(low).div(step).round().mul(step).add(low).MoveToOuterDisposeScope()
            : values.clone().MoveToOuterDisposeScope();
    }
}
