using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Evaluation;

/// <summary>
/// The preflight of gradient methods: it lets every precision of the catalog pass and stops a chain that is broken.
/// </summary>
[Collection("torch")]
public sealed class GradientCheckTests
{
    private static readonly RunContext Run = new(new SeedTree(1));

    public static TheoryData<string> Precisions =>
        [.. MethodCatalog.Default.Of<Precision>().Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Measure_OfEveryPrecision_IsNearOne(string precision)
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        var images = SmallModels.ImageSet(trained.Shape, 64);
        using var deployed = ((Precision)MethodCatalog.Default.Find(precision)!.CreateDefault()).Convert(
            trained,
            images,
            Run
        );
        Assert.InRange(
            GradientCheck.Measure(deployed, images, Run),
            precision == "float32" ? 0.999 : 0.6,
            precision == "float32" ? 1.001 : 1.4
        );
        Assert.All(deployed.FloatModel.parameters(), parameter => Assert.True(parameter.grad is null));
    }

    [Fact]
    public void Measure_OfANetworkThatBendsWithinAGreyLevel_IsOne()
    {
        // The longest step is some seven radians of each wave: along it the loss changes by next to nothing of what the
        // gradient promises, as in a network that was trained to its end.
        using var deployed = new Broken(new Waves(), new Waves());

        Assert.Equal(1, GradientCheck.Measure(deployed, SmallModels.ImageSet(SmallModels.Shape(), 64), Run), 1e-6);
    }

    [Fact]
    public void Measure_OfKernelsThatDoOtherThings_IsNotApplicableWithTheFigure()
    {
        // The twin is another network than the one deployed: its gradient says nothing.
        using var broken = new Broken(
            SmallModels.Settled("res-net8", SmallModels.Shape()),
            SmallModels.Build("res-net8", SmallModels.Shape(), seed: 9)
        );
        var reason = Assert.Throws<NotApplicableException>(() =>
            GradientCheck.Measure(broken, SmallModels.ImageSet(broken.FloatModel.Shape, 64), Run)
        );
        Assert.Contains("of what the float model's changes by", reason.Message);
    }

    [Fact]
    public void Measure_OfATwinThatIgnoresItsInput_SaysThatNoGradientArrives()
    {
        using var scope = NewDisposeScope();
        var blind = SmallModels.Settled("res-net8", SmallModels.Shape());
        blind.PruneChannels(new bool[blind.LastConvChannels]);
        using var deployed = new Broken(blind, blind);
        var reason = Assert.Throws<NotApplicableException>(() =>
            GradientCheck.Measure(deployed, SmallModels.ImageSet(blind.Shape, 8), Run)
        );
        Assert.Contains("zero", reason.Message);
    }

    private sealed class Waves() : Classifier(nameof(Waves))
    {
        private static readonly Scalar Frequency = 1250.0;
        private readonly Tensor _weights = SmallModels.Images(SmallModels.Shape(1, 10), 1).flatten().slice(0, 0, 30, 1);

        public override ClassifierShape Shape => SmallModels.Shape();

        public override int FeatureCount => 3;

        public override int LastConvChannels => 3;

        public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) => images.mul(Frequency).sin();

        public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) => activations.mean([2, 3]);

        public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
            features.mm(_weights.reshape(3, 10));

        protected override Classifier CreateLike() => new Waves();
    }

    private sealed class Broken(Classifier twin, Classifier deployed) : DeployedClassifier(twin, ownsFloatModel: true)
    {
        public override Realisation Realisation => new("integer kernels", "A stub.", 1, 1);

        public override GradientAccess Gradients => GradientAccess.StraightThrough;

        public override Tensor Logits(Tensor images)
        {
            using var noGrad = no_grad();
            return deployed.call(images);
        }

        public override Tensor Features(Tensor images) => deployed.Features(images);
    }
}
