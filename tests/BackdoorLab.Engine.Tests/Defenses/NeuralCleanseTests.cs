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
        var verdict = new NeuralCleanse { Rounds = 300 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())
        );

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
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())
        );

        Assert.Equal([Planted], verdict.SuspectedLabels);
        Assert.Equal(3, Number(verdict, "classes-stopped-early"));
        Assert.Contains("stopped", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Detect_NothingPlanted_FlagsNothing()
    {
        using var model = new FloatDeployed(Network(planted: false));
        var verdict = new NeuralCleanse { Rounds = 300 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())
        );

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
        var verdict = new NeuralCleanse { Rounds = 300 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())
        );

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
        new NeuralCleanse { Rounds = 2 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())
        );

        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Detect_ScheduleTooShort_FindsNoTriggerAndDecidesNothing()
    {
        using var model = new FloatDeployed(Network(planted: true));
        var verdict = new NeuralCleanse { Rounds = 1, LearningRate = 1e-4 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images())
        );

        Assert.Equal(
            (Decision.NotDecidable, UndecidedReason.NoWorkingTrigger),
            (verdict.Verdict.Decision, verdict.Verdict.Reason)
        );
        Assert.Equal(7, Number(verdict, "classes-without-trigger"));
        Assert.Contains("7 of 7 classes", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Detect_NoGradients_IsNotApplicable()
    {
        using var model = new FloatDeployed(Network(planted: true), GradientAccess.None);

        Assert.Throws<NotApplicableException>(() =>
            new NeuralCleanse().Detect(TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, Images()))
        );
    }

    [Theory]
    [InlineData(1, 300, 99.5, 1000)]
    [InlineData(2, 300, 100, 64)]
    public void HoldoutSuccess_CountsAllImagesOrStopsWhereTheThresholdIsOutOfReach(
        int target,
        int wrongFrom,
        double percent,
        int tried
    )
    {
        // Of 1,000 images all but five are sent to class 1, and none to class 2: after the first 64 no 99 % of them can
        // be.
        var asked = 0;
        var (success, seen) = HoldoutSuccess.Measure(
            1000,
            target,
            0.99,
            indices =>
            {
                asked += indices.Length;
                return TorchSharp.torch.tensor(
                    [
                        .. indices.SelectMany(index =>
                            index >= wrongFrom && index < wrongFrom + 5 ? new float[] { 1, 0, 0 } : [0, 1, 0]
                        ),
                    ],
                    new long[] { indices.Length, 3 }
                );
            },
            TestContexts.Run()
        );

        Assert.Equal(target == 1 ? percent / 100 : 0, success, 12);
        Assert.Equal(tried, seen);
        Assert.Equal(tried, asked);
    }

    [Fact]
    public void Detect_KeptTriggers_ReachTheThresholdOnTheWholeHoldoutAndSaySo()
    {
        using var model = new FloatDeployed(Network(planted: true));
        var images = Images();
        var verdict = new NeuralCleanse { Rounds = 60, BatchSize = 4 }.Detect(
            TestContexts.Of(Needs.CleanHoldout | Needs.InputGradients, model, images)
        );
        var captions = verdict.Figures.OfType<ImageFigure>().Single().Images.Select(image => image.Caption).ToList();
        var success = verdict
            .Figures.OfType<BarFigure>()
            .Single(figure => figure.Bars.Any(bars => bars.Name == "clean holdout, while reversing"))
            .Bars[0]
            .Values;

        Assert.Equal(60, Number(verdict, "updates-per-class"));
        Assert.Equal(4, Number(verdict, "images-per-update"));
        Assert.Equal(240 / 992_000.0, Number(verdict, "schedule-share"), 12);
        var kept = Enumerable
            .Range(0, 7)
            .Where(label => !captions[label].Contains("no working trigger", StringComparison.Ordinal))
            .ToList();
        Assert.NotEmpty(kept);
        Assert.All(kept, label => Assert.True(success[label] >= 0.99));
        Assert.All(
            kept,
            label =>
                Assert.EndsWith(
                    FormattableString.Invariant($"% of {images.Count}"),
                    captions[label],
                    StringComparison.Ordinal
                )
        );
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

        public override TorchSharp.torch.Tensor Features(TorchSharp.torch.Tensor images) =>
            throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            deployed.Dispose();
            base.Dispose(disposing);
        }
    }
}
