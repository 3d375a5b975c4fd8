using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Training;

[Collection("torch")]
public sealed class OptimizerTests
{
    [Fact]
    public void Sgd_TwoStepsWithMomentumAndDecay_MatchHandComputation()
    {
        using var layer = One(2f);
        using var optimizer = new SgdOptimizer(layer, momentum: 0.5, weightDecay: 0.1);
        // g = 3 + 0.1 * 2 = 3.2; v = 3.2; w = 2 - 0.1 * 3.2 = 1.68
        Step(layer, optimizer, 3f, 0.1);
        Assert.Equal(1.68f, layer.weight!.item<float>(), 5);
        // g = 3 + 0.168 = 3.168; v = 1.6 + 3.168 = 4.768; w = 1.68 - 0.4768 = 1.2032
        Step(layer, optimizer, 3f, 0.1);
        Assert.Equal(1.2032f, layer.weight!.item<float>(), 5);
    }

    [Fact]
    public void Adam_FirstSteps_MoveByTheLearningRateAgainstTheGradientsSign()
    {
        using var layer = One(2f);
        using var optimizer = new AdamOptimizer(layer, weightDecay: 0);
        Step(layer, optimizer, 3f, 0.1);
        Assert.Equal(1.9f, layer.weight!.item<float>(), 5);
        Step(layer, optimizer, 3f, 0.1);
        Assert.Equal(1.8f, layer.weight!.item<float>(), 5);
    }

    [Fact]
    public void Adam_ComparedWithTorch_GivesTheSameWeights()
    {
        using var ours = One(1f);
        using var theirs = One(1f);
        using var optimizer = new AdamOptimizer(ours, weightDecay: 0.01);
        using var reference = optim.Adam(theirs.parameters(), lr: 0.05, weight_decay: 0.01);
        foreach (var factor in new[] { 1f, -2f, 0.5f, 4f, 0.1f })
        {
            Step(ours, optimizer, factor, 0.05);
            using var scope = NewDisposeScope();
            reference.zero_grad();
            (theirs.weight! * factor).sum().backward();
            reference.step();
        }

        Assert.Equal(theirs.weight!.item<float>(), ours.weight!.item<float>(), 5);
    }

    private static TorchSharp.Modules.Linear One(float value)
    {
        var layer = nn.Linear(1, 1, hasBias: false);
        using var noGrad = no_grad();
        layer.weight!.fill_(value);
        return layer;
    }

    private static void Step(TorchSharp.Modules.Linear layer, Optimizer optimizer, float gradient, double rate)
    {
        using var scope = NewDisposeScope();
        optimizer.ClearGradients();
        (layer.weight! * gradient).sum().backward();
        optimizer.Step(rate);
    }
}
