using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>The cores of the repairs, by numbers worked out by hand.</summary>
[Collection("torch")]
public sealed class RepairCoreTests
{
    [Fact]
    public void Lipschitz_OfAKernelWithItsNorm_IsTheSpectralNormTimesTheGain()
    {
        using var scope = NewDisposeScope();
        // Two inputs, a 1x1 kernel: a row (3, 4) has norm 5. The norm multiplies by 2 / sqrt(4).
        var layer = new Convolution(2, 1, 1);
        TestNetworks.Fill(layer.weight, [3, 4]);
        var norm = new BatchNorm2d(1, eps: 0);
        TestNetworks.Fill(norm.weight, [-2]);
        TestNetworks.Fill(norm.running_var, [4]);
        Assert.Equal([5.0], ChannelLipschitz.Bounds(new("conv", layer, norm)), new Near(1e-6));
        // Inputs (1, 0, 0 ...) and (0, 2, 0 ...) at different positions: singular values 1 and 2.
        var spatial = new Convolution(2, 1, 3);
        var kernel = new float[18];
        (kernel[0], kernel[9 + 1]) = (1, 2);
        TestNetworks.Fill(spatial.weight, kernel);
        Assert.Equal([2.0], ChannelLipschitz.Bounds(new("conv", spatial, null)), new Near(1e-6));
    }

    [Fact]
    public void Lipschitz_Heights_AreDeviationsOfTheLayer() =>
        // Mean 2, deviation (n - 1) sqrt(2).
        Assert.Equal(
            [-1 / Math.Sqrt(2), -1 / Math.Sqrt(2), 2 / Math.Sqrt(2), 0],
            ChannelLipschitz.Heights([1, 1, 4, 2]),
            new Near(1e-9)
        );

    [Fact]
    public void Lipschitz_AChannelFarOut_IsSilenced()
    {
        using var original = new FloatDeployed(TestNetworks.Backdoored());
        var context = TestContexts.Of(Needs.Weights, original, Empty, copy: TestNetworks.Backdoored);
        // Bounds 1, 1, 1 and sqrt(3): the last is 1.5 deviations out.
        using var kept = new ChannelLipschitz { U = 1.6, Curve = false }.Repair(context);
        using var cut = new ChannelLipschitz { U = 1.4, Curve = false }.Repair(context);
        Assert.Equal(0, kept.Numbers.Single(number => number.Name == "pruned-channels").Value);
        Assert.Equal(1, cut.Numbers.Single(number => number.Name == "pruned-channels").Value);
        var triggered = TestNetworks.Stamp(TestNetworks.ColouredImages(90, TestContexts.Random("test")));
        Assert.Equal(1, Inference.Accuracy(cut.Network, triggered, TestContexts.Run()));
    }

    [Fact]
    public void Attention_OfAStage_IsTheSumOfSquaresOfNormOne()
    {
        using var scope = NewDisposeScope();
        // Two channels, two positions: sums of squares 9 + 16 = 25 and 0 + 0, then (3, 4) apart: 25 / 25.
        var maps = tensor(new float[] { 3, 0, 4, 0, 3, 2, 0, 0 }, [2, 2, 1, 2]);
        var attention = Inference.Floats(AttentionDistillation.Attention(maps));
        Assert.Equal([1, 0, 9 / MathF.Sqrt(97), 4 / MathF.Sqrt(97)], attention, new NearSingle(1e-5f));
    }

    [Fact]
    public void Sharpness_MovesWeightsByTheirSizeAndBack()
    {
        using var scope = NewDisposeScope();
        var layer = new FullyConnected(2, 1, hasBias: false);
        TestNetworks.Fill(layer.weight, [1, -2]);
        layer.weight.grad = tensor(new float[] { 3, 4 }, [1, 2]);
        float[] there = [];
        SharpnessAwareTuning.Reconsider(layer, 2, () => there = Inference.Floats(layer.weight));
        // |w| g = (3, 8), norm sqrt(73); e = 2 (1 * 3, 4 * 4) / sqrt(73).
        var norm = MathF.Sqrt(73);
        Assert.Equal([1 + 6 / norm, -2 + 32 / norm], there, new NearSingle(1e-5f));
        Assert.Equal([1, -2], Inference.Floats(layer.weight));
    }

    [Fact]
    public void FixedPoint_OfFiveTerms_IsTheSumOfPowers()
    {
        using var scope = NewDisposeScope();
        // J' = diag(0.5, -0.5): 1 + .5 + .25 + .125 + .0625 and 1 - .5 + .25 - .125 + .0625.
        var jacobian = tensor(new float[] { 0.5f, -0.5f });
        var five = ImplicitUnlearning.FixedPoint(ones(2), v => v.mul(jacobian), 5);
        Assert.Equal([1.9375f, 0.6875f], Inference.Floats(five));
        // Many terms solve (1 - J') v = g: 2 and 2 / 3.
        var many = ImplicitUnlearning.FixedPoint(ones(2), v => v.mul(jacobian), 60);
        Assert.Equal([2, 2 / 3f], Inference.Floats(many), new NearSingle(1e-6f));
    }

    [Fact]
    public void SecondOrder_OfACube_IsItsSecondDerivative()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 2, 3 }, requires_grad: true);
        var unused = ones(1, requires_grad: true);
        var first = SecondOrder.Gradients(x.pow(3).sum(), [x, unused], differentiable: true);
        Assert.Equal([12, 27], Inference.Floats(first[0]!));
        Assert.Null(first[1]);
        // 6 x v.
        var second = SecondOrder.Gradients(first[0]!, [x], tensor(new float[] { 1, 10 }))[0]!;
        Assert.Equal([12, 180], Inference.Floats(second));
    }

    [Fact]
    public void NoisyNorms_FactorsOfOne_AreTheNetworkAndZeroSilences()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        var images = SmallModels.Images(network.Shape, 4);
        var same = new NoisyNorms(_ => null, batchStatistics: false);
        Assert.Equal(0, SmallModels.LargestDifference(network.call(images), network.Logits(same, images)), 5);
        var groups = ChannelGroups.Of(network);
        var first = groups[0].Norm!;
        var scale = ones(groups[0].Channels);
        scale[2] = tensor(0f);
        var shift = scale.clone();
        var masked = new NoisyNorms(module => module == first ? new(scale, shift) : null, batchStatistics: false);
        var expected = network.Logits(masked, images);
        groups[0].Silence(tensor(new long[] { 2 }));
        Assert.Equal(0, SmallModels.LargestDifference(network.call(images), expected), 5);
    }

    [Fact]
    public void NoisyNorms_WithoutANorm_ScaleOutputAndBias()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // One pixel of 2 through weight 3 and bias 1: 2 * 3 * 0.5 + 1 * 4.
        var layer = new Convolution(1, 1, 1, hasBias: true);
        TestNetworks.Fill(layer.weight, [3]);
        TestNetworks.Fill(layer.bias!, [1]);
        var arithmetic = new NoisyNorms(_ => new(full([1], 0.5f), full([1], 4f)), batchStatistics: false);
        var output = arithmetic.Convolve(layer, null, relu: false, full([1, 1, 1, 1], 2f));
        Assert.Equal(7, output.item<float>(), 5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NeuronMasks_AStepWithoutNoise_DescendsTheSlopeOfTheLoss(bool recovering)
    {
        using var scope = NewDisposeScope();
        using var network = Blurred();
        var images = TestNetworks.ColouredImages(30, TestContexts.Random("images"));
        using var masks = new NeuronMasks(network, TestContexts.Run());
        var (batch, labels) = (Batches.Images(images), tensor(Array.ConvertAll(images.Labels, label => (long)label)));
        const double rate = 0.01;
        var options = new AdversarialNeuronPruning { NoiseSize = 0, LearningRate = rate };
        // A step of recovering has a factor, here 0.5.
        var weight = recovering ? 0.5 : 1;
        if (recovering)
        {
            masks.Descend(batch, labels, weight, rate);
        }
        else
        {
            masks.Step(batch, labels, options, TestContexts.Random("noise"));
        }

        var values = masks.Values;
        for (var channel = 0; channel < 4; channel++)
        {
            // Masks begin at one, their limit: only those that must fall move.
            var slope = (LossAt(channel, 1.01f) - LossAt(channel, 0.99f)) / 0.02;
            Assert.Equal(1 - rate * weight * Math.Max(0, slope), values[channel], 4);
        }

        Assert.Contains(values, value => value < 0.999);

        double LossAt(int channel, float mask)
        {
            using var noGrad = no_grad();
            var scale = ones(4);
            scale[channel] = tensor(mask);
            var arithmetic = new NoisyNorms(_ => new(scale, ones(4)), batchStatistics: true);
            return nn.functional.cross_entropy(network.Logits(arithmetic, batch), labels).item<float>();
        }
    }

    [Fact]
    public void Rnp_Unlearning_EndsWhereHardlyAnyImageIsKnown()
    {
        // Knows every image, and not so surely that no gradient is left.
        using var network = new ColourNetwork(
            TestNetworks.Shape(3, 8, 3),
            4,
            [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1],
            [0, 0, 0, 0],
            [4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0]
        );
        var images = TestNetworks.ColouredImages(60, TestContexts.Random("images"));
        var defense = new ReconstructiveNeuronPruning { BatchSize = 20, UnlearnRate = 0.05 };
        var before = Inference.Accuracy(network, images, TestContexts.Run());
        var passes = defense.Unlearn(network, images, default, TestContexts.Run());

        Assert.Equal(1, before);
        Assert.InRange(passes, 1, defense.UnlearnEpochs - 1);
        // A guess among three is right more often than 0.2.
        Assert.InRange(Inference.Accuracy(network, images, TestContexts.Run()), 0, 1.0 / 3);
        Assert.False(network.training);
    }

    [Fact]
    public void NeuronMasks_Pruned_AreZeroInTheNetworkAsGiven()
    {
        using var network = TestNetworks.Backdoored();
        Assert.Equal(1, NeuronMasks.Prune(network, [1, 0.5, 1, 0.2], 0.2));
        var triggered = TestNetworks.Stamp(TestNetworks.ColouredImages(30, TestContexts.Random("test")));
        Assert.Equal(1, Inference.Accuracy(network, triggered, TestContexts.Run()));
    }

    // Its fourth channel helps class 0 on every image, so that the loss falls with its mask.
    private static ColourNetwork Blurred() =>
        new(
            TestNetworks.Shape(3, 8, 3),
            4,
            [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1],
            [0.1f, 0.1f, 0.1f, 0.2f],
            [1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 1, 0]
        );

    private static ImageSet Empty => TestNetworks.ColouredImages(0, TestContexts.Random("none"));

    private sealed class Near(double tolerance) : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(double value) => 0;
    }

    private sealed class NearSingle(float tolerance) : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(float value) => 0;
    }
}
