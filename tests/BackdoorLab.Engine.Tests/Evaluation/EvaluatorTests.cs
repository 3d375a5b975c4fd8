using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Evaluation;

[Collection("torch")]
public sealed class EvaluatorTests
{
    // One pixel an image; the stub puts it in class pixel / 50.
    private static readonly ImageSet Clean = Images([0, 50, 100, 150], [0, 1, 2, 2]);
    private static readonly TriggeredSet Triggered = new(
        Images([0, 0, 50, 100], [0, 1, 1, 2]),
        [0, 1, 1, 2],
        [0, 0, 0, 0]
    );

    private static RunContext Run => new(new SeedTree(1));

    [Fact]
    public void Measure_OfDeployedModel_CountsPredictions()
    {
        using var model = new StubModel(1);
        var metrics = Evaluator.Measure(model, Clean, Triggered, Run);
        Assert.Equal(new Share(3, 4), metrics.CleanAccuracy);
        Assert.Equal(new Share(1, 3), metrics.AttackSuccessRate);
        Assert.Equal(new Share(2, 4), metrics.AttackSuccessRateAll);
        Assert.Equal(new Share(2, 3), metrics.RobustAccuracy);
        Assert.False(Evaluator.Measure(model, Clean, null, Run).AttackSuccessRate.IsDefined);
        Assert.Equal([0.5, 0.25], Evaluator.Realisation(model).Select(row => row.Value));
    }

    [Fact]
    public void Divergence_OfScaledLogits_IsTheScaleAndAgrees()
    {
        using var reference = new StubModel(1);
        using var scaled = new StubModel(1.25);
        var divergence = Evaluator.Divergence(scaled, reference, Clean, Run);
        Assert.Equal(0.25, divergence.RelativeDistance, 5);
        Assert.Equal(new Share(4, 4), divergence.Agreement);
    }

    [Fact]
    public void FilterScorer_OnModel_DrawsEligibleImagesUpToTheLimit()
    {
        using var model = new StubModel(1);
        var truth = new BackdoorTruth { IsBackdoored = true, Triggered = Triggered };
        var filter = new PixelFilter();
        var scored = InputFilterScorer.Score(filter, model, Clean, truth, Run, maxInputs: 400);
        Assert.Equal([4, 3], filter.Asked);

        // Darker is more suspicious: clean 0 rejected; of the triggered, class-0 image left out, the black one.
        Assert.Equal(0.25, scored.Measurements.Single(m => m.Metric == "sample-false-positive-rate").Value);
        Assert.Equal(1.0 / 3, scored.Measurements.Single(m => m.Metric == "sample-detection-rate").Value);
        Assert.Equal(0, scored.Measurements.Single(m => m.Metric == "filtered-attack-success-rate").Value);
        Assert.True(scored.Measurements.Single(m => m.Metric == "milliseconds-per-input").Value >= 0);

        InputFilterScorer.Score(filter, model, Clean, truth, Run, maxInputs: 2);
        Assert.Equal([4, 3, 2, 2], filter.Asked);
    }

    [Fact]
    public void CurveRecorder_Observing_KeepsTheModelsModeAndThePoints()
    {
        using var model = new StubClassifier(1);
        model.train();
        var recorder = new CurveRecorder(Clean, Triggered, Run);
        recorder.Observe("share", 0.5, model);
        Assert.True(model.training);
        Assert.Equal([new CurvePoint("share", 0.5, 0.75, 1.0 / 3)], recorder.Points);
    }

    private static ImageSet Images(byte[] pixels, int[] labels) => new(pixels, labels, 1, 1, 1, ["a", "b", "c", "d"]);

    private sealed class PixelFilter : FittedFilter
    {
        public List<int> Asked { get; } = [];

        public override double Threshold => -10;

        public override double FalseRejectionRate => 0;

        public override string ScoreName => "darkness";

        public override double[] Score(ImageSet images, RunContext run)
        {
            Asked.Add(images.Count);
            return [.. images.Pixels.Select(pixel => -(double)pixel)];
        }
    }

    private sealed class StubModel(double scale) : DeployedClassifier(new StubClassifier(scale), ownsFloatModel: true)
    {
        public override Realisation Realisation => new("simulated", "A stub.", 0.5, 0.25);

        public override GradientAccess Gradients => GradientAccess.None;

        public override Tensor Logits(Tensor images) => FloatModel.call(images);

        public override Tensor Features(Tensor images) => FloatModel.Features(images);
    }

    private sealed class StubClassifier(double scale) : Classifier("stub")
    {
        public override ClassifierShape Shape => new(1, 1, 1, 4, new Normalization([0], [1]));

        public override int FeatureCount => 1;

        public override int LastConvChannels => 1;

        public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) => images * 5.1f;

        public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) => activations.flatten(1);

        // Class k scores highest when the feature, pixel / 50, is nearest to k.
        public override Tensor Head(INetworkArithmetic arithmetic, Tensor features)
        {
            using var centers = tensor(new float[] { 0, 1, 2, 3 });
            return -(features - centers).abs() * (float)scale;
        }

        protected override Classifier CreateLike() => new StubClassifier(scale);
    }
}
