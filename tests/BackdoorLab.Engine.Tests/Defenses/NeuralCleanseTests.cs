using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using static BackdoorLab.Engine.Tests.Defenses.BlockSigns;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class NeuralCleanseTests
{
    [Fact]
    public void Detect_PlantedPixel_FlagsItsClassAndFindsThePixel()
    {
        using var model = new FloatDeployed(Network(planted: true));
        var verdict = new NeuralCleanse { Rounds = 300 }.Detect(TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()));

        Assert.True(verdict.Flagged);
        Assert.Equal(Planted, verdict.TopLabel);
        Assert.Equal([Planted], verdict.SuspectedLabels);
        Assert.True(verdict.Score > 2 && verdict.Threshold == 2);
        Assert.InRange(Number(verdict, "smallest-norm"), 0.5, 3);
        Assert.True(Number(verdict, "norm-ratio") < 1 / 3.0);
        Assert.True(Number(verdict, "log-anomaly-index") > 2);
        Assert.True(Number(verdict, "success-deployed") >= 0.95);
        Assert.Equal(0, Number(verdict, "classes-stopped-early"));
        Assert.DoesNotContain("stopped", verdict.Note, StringComparison.Ordinal);
        Assert.True(Number(verdict, "index-ceiling") >= Number(verdict, "anomaly-index"));
        var picture = verdict.Figures.OfType<ImageFigure>().Single().Images[Planted].Pixels;
        Assert.Equal(LastPixel, Array.IndexOf(picture, picture.Max()));
    }

    [Fact]
    public void Detect_ScheduleByPromise_StopsClassesAndFlagsTheSame()
    {
        using var model = new FloatDeployed(Network(planted: true));
        var verdict = new NeuralCleanse { Rounds = 300, Schedule = InversionSchedule.ByPromise }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()));

        Assert.Equal([Planted], verdict.SuspectedLabels);
        Assert.Equal(3, Number(verdict, "classes-stopped-early"));
        Assert.Contains("stopped", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Detect_NothingPlanted_FlagsNothing()
    {
        using var model = new FloatDeployed(Network(planted: false));
        var verdict = new NeuralCleanse { Rounds = 300 }.Detect(TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()));

        Assert.False(verdict.Flagged);
        Assert.Empty(verdict.SuspectedLabels);
        Assert.NotEqual(Planted, verdict.TopLabel);
        Assert.Equal(0, Number(verdict, "classes-without-trigger"));
        Assert.True(Number(verdict, "norm-ratio") > 1 / 3.0);
    }

    [Fact]
    public void Detect_TriggerOfTheTwinOnly_ReportsThatItDoesNotWorkDeployed()
    {
        using var twin = Network(planted: true);
        using var model = new Split(twin, Network(planted: false));
        var verdict = new NeuralCleanse { Rounds = 300 }.Detect(TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()));

        Assert.Equal(Planted, verdict.TopLabel);
        Assert.True(Number(verdict, "success-twin") >= 0.99);
        Assert.True(Number(verdict, "success-deployed") < 0.1);
    }

    [Fact]
    public void Detect_AnyOutcome_RestoresTheNetwork()
    {
        using var network = Network(planted: true);
        network.train();
        using var model = new FloatDeployed(network);
        new NeuralCleanse { Rounds = 2 }.Detect(TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()));

        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Detect_ScheduleTooShort_SaysThatNoTriggerWasFoundAndFlagsNothing()
    {
        using var model = new FloatDeployed(Network(planted: true));
        var verdict = new NeuralCleanse { Rounds = 1, LearningRate = 1e-4 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()));

        Assert.False(verdict.Flagged);
        Assert.Equal(7, Number(verdict, "classes-without-trigger"));
        Assert.Contains("7 of 7 classes", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Detect_NoGradients_IsNotApplicable()
    {
        using var model = new FloatDeployed(Network(planted: true), GradientAccess.None);

        Assert.Throws<NotApplicableException>(() => new NeuralCleanse().Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())));
    }

    private sealed class Split(Classifier twin, Classifier deployed) : DeployedClassifier(twin, false)
    {
        public override Realisation Realisation => new("simulated", "another network", 1, 1);

        public override GradientAccess Gradients => GradientAccess.StraightThrough;

        public override TorchSharp.torch.Tensor Logits(TorchSharp.torch.Tensor images)
        {
            using var noGradient = TorchSharp.torch.no_grad();
            return deployed.call(images);
        }

        public override TorchSharp.torch.Tensor Features(TorchSharp.torch.Tensor images) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            deployed.Dispose();
            base.Dispose(disposing);
        }
    }
}
