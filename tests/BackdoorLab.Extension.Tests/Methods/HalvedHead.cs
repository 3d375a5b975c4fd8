using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using static TorchSharp.torch;

namespace BackdoorLab.Extension.Tests.Methods;

/// <summary>A mitigator in one file: it halves all logits, which changes no decision.</summary>
[Method("halved-head", "Halved head", Summary = "The last layer's weights are halved.")]
public sealed record HalvedHead : Mitigator
{
    public static Metric HalvedParameters { get; } =
        new(
            "halved-parameters",
            "Halved parameters",
            "Halved",
            MetricUnit.Number,
            null,
            "Parameters of the last layer."
        );

    public override IReadOnlyList<Metric> Numbers => [HalvedParameters];

    public override Needs Needs => Needs.Weights;

    public override DefenseWork Work(WorkSizes sizes) => new(0, 0);

    public override RepairedModel Repair(DefenseContext context)
    {
        var network = context.CopyWeights();
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var parameters = network.named_parameters().TakeLast(2).Select(entry => entry.parameter).ToList();
        parameters.ForEach(parameter => parameter.copy_(parameter / 2));
        return new(network) { Numbers = [new(HalvedParameters, parameters.Sum(parameter => parameter.numel()))] };
    }
}
