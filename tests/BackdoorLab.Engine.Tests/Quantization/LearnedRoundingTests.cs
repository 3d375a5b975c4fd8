using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class LearnedRoundingTests
{
    private static readonly RunContext Run = new(new SeedTree(1));

    [Fact]
    public void Share_OfItsStart_IsTheFraction()
    {
        using var scope = NewDisposeScope();
        var fraction = tensor(new float[] { 0, 0.25f, 0.5f, 0.9f });
        // At one half: -ln(1.2 / 0.6 - 1) = 0.
        Assert.Equal(0, LearnedRounding.Start(fraction)[2].item<float>(), 6);
        Near([0, 0.25f, 0.5f, 0.9f], LearnedRounding.Share(LearnedRounding.Start(fraction)));
        Near([0, 1], LearnedRounding.Share(tensor(new float[] { -5, 5 })));
    }

    [Fact]
    public void Flip_OfUndecidedWeights_WeighsTheDistanceToTheNearestInteger()
    {
        using var scope = NewDisposeScope();
        // Opposites of the nearest: up for 0.3, down for 0.8. Mean of 0.3 * -ln 0.4 and 0.2 * -ln (1 - 0.9).
        var flip = LearnedRounding.Flip(tensor(new float[] { 0.4f, 0.9f }), tensor(new float[] { 0.3f, 0.8f }));
        Assert.Equal((0.3 * 0.916291 + 0.2 * 2.302585) / 2, flip.item<float>(), 5);
    }

    [Fact]
    public void Undecided_OfIntegersIsZero_AndOfHalvesOne()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, LearnedRounding.Undecided(tensor(new float[] { 0, 1 }), 2).item<float>());
        // |2 * 0.75 - 1| squared is a quarter; a half is fully undecided: (0.75 + 1) / 2.
        Assert.Equal(0.875, LearnedRounding.Undecided(tensor(new float[] { 0.75f, 0.5f }), 2).item<float>(), 6);
    }

    [Theory]
    [InlineData(Rounding.AdaRound)]
    [InlineData(Rounding.Efrap)]
    public void Convert_LearnedRounding_TakesOneOfTheTwoIntegersAroundEachWeight(Rounding rounding)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        var precision = new Int4WeightOnly
        {
            Rounding = rounding,
            RoundingSteps = 30,
            RoundingImages = 32,
        };
        using var deployed = Enabled(() => precision.Convert(trained, SmallModels.ImageSet(trained.Shape, 40), Run));
        foreach (var (layer, before) in Layers(deployed.FloatModel).Zip(Layers(trained)))
        {
            var scale = WeightRounding.Scales(before.weight, 7, perChannel: true);
            Assert.True(layer.weight.sub(before.weight).div(scale).abs().max().item<float>() < 1.0001f);
            // Rounding to the nearest afterwards finds the same scales.
            Assert.True(
                WeightRounding.Scales(layer.weight, 7, perChannel: true).div(scale).sub(1).abs().max().item<float>()
                    < 1e-5f
            );
            var integers = layer.weight.div(scale);
            Assert.True(integers.sub(integers.round()).abs().max().item<float>() < 1e-4f);
        }

        Assert.Contains(
            "rounding learned: " + (rounding == Rounding.Efrap ? "EFRAP" : "AdaRound") + ", 30 steps",
            deployed.Realisation.Description,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AdaRound_OfAFourBitNet_IsNearerToTheFloatNetThanNearest_AndEfrapFlipsMore()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        var clean = SmallModels.ImageSet(trained.Shape, 64);
        var images = SmallModels.Images(trained.Shape, 64, seed: 11);
        Tensor exact;
        using (no_grad())
        {
            exact = trained.call(images);
        }

        using var nearest = new Int4WeightOnly().Convert(trained, clean, Run);
        using var learned = new Int4WeightOnly
        {
            Rounding = Rounding.AdaRound,
            RoundingSteps = 100,
            RoundingImages = 64,
        }.Convert(trained, clean, Run);
        using var flipped = new Int4WeightOnly
        {
            Rounding = Rounding.Efrap,
            RoundingSteps = 100,
            RoundingImages = 64,
        }.Convert(trained, clean, Run);
        Assert.True(Distance(learned) < Distance(nearest), $"{Distance(learned)} against {Distance(nearest)}");
        Assert.True(Flips(flipped) > 1.5 * Flips(learned), $"{Flips(flipped)} against {Flips(learned)}");

        double Distance(DeployedClassifier deployed) => deployed.Logits(images).sub(exact).norm().item<float>();

        long Flips(DeployedClassifier deployed) =>
            Layers(deployed.FloatModel)
                .Zip(Layers(nearest.FloatModel))
                .Sum(pair => pair.First.weight.detach().ne(pair.Second.weight.detach()).sum().item<long>());
    }

    [Fact]
    public void Int8Static_LearnedRounding_IsWhatTheKernelsRun()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        var precision = new Int8Static
        {
            Rounding = Rounding.Efrap,
            RoundingSteps = 10,
            RoundingImages = 32,
            Observer = RangeObserver.MinMax,
        };
        using var deployed = precision.Convert(trained, SmallModels.ImageSet(trained.Shape, 40), Run);
        using var nearest = (precision with { Rounding = Rounding.Nearest }).Convert(
            trained,
            SmallModels.ImageSet(trained.Shape, 40),
            Run
        );
        var images = SmallModels.Images(trained.Shape, 16);
        using var noGrad = no_grad();
        var floatModel = deployed.FloatModel.call(images);
        var toFloatModel = deployed.Logits(images).sub(floatModel).norm().item<float>();
        Assert.True(toFloatModel < nearest.Logits(images).sub(floatModel).norm().item<float>());
    }

    [Fact]
    public void Convert_FewerCleanImagesThanAStepTakes_IsNotApplicableAndSaysSo()
    {
        using var trained = SmallModels.Build("res-net8", SmallModels.Shape());
        var reason = Assert.Throws<NotApplicableException>(() =>
            new Int8WeightOnly { Rounding = Rounding.Efrap }.Convert(
                trained,
                SmallModels.ImageSet(trained.Shape, 31),
                Run
            )
        );
        Assert.Contains("at least 32 clean images; there are 31", reason.Message);
    }

    private static T Enabled<T>(Func<T> make)
    {
        using var gradients = enable_grad();
        return make();
    }

    private static IEnumerable<WeightLayer> Layers(Classifier network) => network.modules().OfType<WeightLayer>();

    private static void Near(float[] expected, Tensor found) =>
        Assert.All(expected.Zip(found.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 5));
}
