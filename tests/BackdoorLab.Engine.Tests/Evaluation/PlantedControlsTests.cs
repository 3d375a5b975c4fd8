using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Models;

namespace BackdoorLab.Engine.Tests.Evaluation;

/// <summary>Every detector can fire and can stay quiet at every precision; one that cannot is told.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class PlantedControlsTests(TrainedVictim victim) : IClassFixture<TrainedVictim>
{
    // Seconds at each precision: they are asked at one of every form, float, integer kernels, simulated, ranges from
    // the batch.
    private static readonly string[] Costly = ["neural-cleanse", "strip"];
    private static readonly string[] Forms = ["float32", "int8-static", "w4a4-simulated", "int8-dynamic"];

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (
                var defense in MethodCatalog
                    .Default.Of<Defense>()
                    .Where(method => PlantedControls.Cover((Defense)method.CreateDefault()))
            )
            {
                var isCostly = Costly.Contains(defense.Id);
                foreach (
                    var precision in MethodCatalog
                        .Default.Of<Precision>()
                        .Where(precision => !isCostly || Forms.Contains(precision.Id))
                )
                {
                    pairs.Add(defense.Id, precision.Id);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Measure_DetectorAtAPrecision_FiresOnThePlantedAndStaysQuietOtherwise(string defense, string precision)
    {
        var figures = PlantedControls.Measure(
            (Defense)MethodCatalog.Default.Find(defense)!.CreateDefault(),
            victim.At(precision),
            victim.Sets,
            Run()
        );

        Assert.Equal("", figures.Fault);
        Assert.Equal(["control-positive", "control-negative"], figures.Measurements().Select(row => row.Metric));
        Assert.All(figures.Measurements(), row => Assert.True(double.IsFinite(row.Value)));
    }

    [Theory]
    [InlineData(typeof(Silent), "a planted backdoor scores 0.00 (flagged above 2) and is not flagged")]
    [InlineData(typeof(Alarmed), "and another label is named")]
    [InlineData(typeof(Indifferent), "planted samples stand out with an AUROC of 0.50 (at least 0.8 is asked for)")]
    [InlineData(typeof(Open), "of inputs with a planted trigger 0 % are rejected (at least 90 % is asked for)")]
    [InlineData(typeof(Shut), "of clean inputs 100 % are rejected")]
    public void Measure_MethodThatCannotTell_FailsWithTheFigure(Type method, string fault) =>
        Assert.Contains(
            fault,
            PlantedControls
                .Measure((Defense)Activator.CreateInstance(method)!, victim.At("float32"), victim.Sets, Run())
                .Fault,
            StringComparison.Ordinal
        );

    [Fact]
    public void Measure_Finished_LeavesTheVictimAndTheRandomStreamsAsTheyWere()
    {
        var model = victim.At("float32");
        var before = Inference.Logits(model, victim.Sets.Inputs, Run());
        PlantedControls.Measure(new SpectralSignatures(), model, victim.Sets, Run());

        Assert.Equal(before, Inference.Logits(model, victim.Sets.Inputs, Run()));
        Assert.All(model.FloatModel.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void Cover_RulesThatControlsCannotServe_HaveNone()
    {
        string[] without =
        [
            .. MethodCatalog
                .Default.Of<Defense>()
                .Where(method => !PlantedControls.Cover((Defense)method.CreateDefault()))
                .Select(method => method.Id),
        ];

        Assert.All(
            without,
            id =>
                Assert.True(
                    id.StartsWith("seed-", StringComparison.Ordinal)
                        || id is "neural-cleanse-gradient-free" or "mm-bd" or "beatrix" or "ibd-psc"
                        || MethodCatalog.Default.Find(id)!.Kind is "mitigator" or "robust-trainer"
                )
        );
        Assert.Contains("fine-pruning", without);
    }

    [Fact]
    public void Work_OfControls_IsASmallPartOfALongDefense()
    {
        var sizes = new WorkSizes(10, 20_000, 1000, 3000);

        Assert.InRange(
            PlantedControls.Work(new NeuralCleanse(), sizes).GradientImages
                / new NeuralCleanse().Work(sizes).GradientImages,
            0.01,
            0.2
        );
        Assert.InRange(
            PlantedControls.Work(new Strip(), sizes).ForwardImages / new Strip().Work(sizes).ForwardImages,
            0.01,
            0.12
        );
        Assert.Equal(0, PlantedControls.Work(new FinePruning(), sizes).GradientImages);
    }

    [Fact]
    public void MostRejected_ByHand()
    {
        // 0.01 + 3 sqrt(2 * 0.05 * 0.95 / 38) and 0.5 + 3 sqrt(0.5 / 50).
        Assert.Equal(0.16, PlantedControls.MostRejected(0.01, 38), 12);
        Assert.Equal(0.8, PlantedControls.MostRejected(0.5, 50), 12);
    }

    [Fact]
    public void Patches_StampedAndPlainImages_MatchByHand()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var patches = new PlantedPatches(SmallModels.Shape(), [1, 2, 4]);
        var grey = new ImageSet([.. Enumerable.Repeat((byte)128, 3 * 1024)], [0], 3, 32, 32, ["a", "b", "c"]);
        var plain = Inference.Rows(patches.Push, grey, Run());
        var stamped = Inference.Rows(patches.Push, patches.Stamp(grey, 2), Run());

        // (ln(1 + e^19) - ln(1 + e^-1)) / 20 for a full match.
        Assert.All(plain, push => Assert.Equal(0, push, 1e-5));
        Assert.Equal(4 * 0.934337, stamped[2], 1e-4);
        Assert.Equal((0.0, 0.0), (Math.Round(stamped[0], 4), Math.Round(stamped[1], 4)));
    }

    [Fact]
    public void PlantedFloatModel_ByAnyArithmetic_HasThePatches()
    {
        // A detector may differentiate the twin by an arithmetic of its own.
        using var scope = TorchSharp.torch.NewDisposeScope();
        var model = victim.At("float32");
        using var patches = new PlantedPatches(model.FloatModel.Shape, [3, 0, 0, 0, 0]);
        using var planted = new PlantedModel(model, patches, victim.Sets.Labels);
        using var folded = new FoldedArithmetic();
        using var frozen = new FrozenNetwork(model.FloatModel);
        var stamped = Batches.Images(patches.Stamp(victim.Sets.Inputs, 0), [0, 1, 2]);

        var difference = (planted.FloatModel.Logits(folded, stamped) - planted.FloatModel.call(stamped)).abs().max();

        Assert.True(TorchSharp.TensorExtensionMethods.ToSingle(difference) < 1e-3f);
        Assert.Equal(
            0,
            TorchSharp.TensorExtensionMethods.ToSingle(
                (planted.FloatModel.call(stamped) - planted.Logits(stamped)).abs().max()
            ),
            1e-4
        );
    }

    [Fact]
    public void Poison_AFifthOfTheLabel_IsStampedAndRelabelled()
    {
        using var patches = new PlantedPatches(victim.At("float32").FloatModel.Shape, [1, 0, 0, 0, 0]);
        var clean = victim.Sets.Training;
        var (images, mask) = PlantedControls.Poison(clean, patches, new SeedTree(1).Random());

        Assert.Equal(25, mask.Count(chosen => chosen));
        for (var i = 0; i < mask.Length; i++)
        {
            Assert.Equal(mask[i] ? 0 : clean.Labels[i], images.Labels[i]);
            Assert.True(!mask[i] || clean.Labels[i] != 0);
            Assert.Equal(!mask[i], images.Image(i).SequenceEqual(clean.Image(i)));
        }
    }

    [Fact]
    public void Sets_LeaveTheTargetOutAndNumberLabelsAnew()
    {
        var sets = victim.Sets;

        Assert.Equal(5, sets.Labels.Length);
        Assert.DoesNotContain(0, sets.Labels);
        Assert.Equal([0, 1, 2, 3, 4], sets.Holdout.Labels[..5]);
        Assert.Equal((100, 500, 40), (sets.Holdout.Count, sets.Training.Count, sets.Inputs.Count));
        Assert.Equal(victim.Holdout.ClassNames[sets.Labels[3]], sets.Holdout.ClassNames[3]);
    }

    [Fact]
    public void Sets_TwoLabels_AreNotApplicable()
    {
        var two = SmallModels.ImageSet(SmallModels.Shape(classes: 3), 30);

        Assert.Contains(
            "3 labels",
            Assert.Throws<NotApplicableException>(() => ControlSets.Of(two, two, two, 1, new SeedTree(1))).Message,
            StringComparison.Ordinal
        );
    }

    private static RunContext Run() => new(new SeedTree(6));

    private sealed record Silent : ModelDetector
    {
        public override Needs Needs => Needs.None;

        public override DefenseWork Work(WorkSizes sizes) => new(1, 0);

        public override ModelVerdict Detect(DefenseContext context) =>
            new()
            {
                Verdict = Verdict.Of(false),
                Score = 0,
                Threshold = 2,
            };
    }

    private sealed record Alarmed : ModelDetector
    {
        public override Needs Needs => Needs.None;

        public override DefenseWork Work(WorkSizes sizes) => new(1, 0);

        public override ModelVerdict Detect(DefenseContext context) =>
            new()
            {
                Verdict = Verdict.Of(true),
                Score = 3,
                Threshold = 2,
                SuspectedLabels = [1, 0],
            };
    }

    private sealed record Indifferent : SampleDetector
    {
        public override Needs Needs => Needs.TrainingSet;

        public override DefenseWork Work(WorkSizes sizes) => new(1, 0);

        public override SampleVerdict Score(DefenseContext context) =>
            new()
            {
                Scores = new double[context.TrainingSet.Count],
                Flagged = new bool[context.TrainingSet.Count],
                ScoreName = "nothing",
            };
    }

    private sealed record Open : InputFilter
    {
        public override Needs Needs => Needs.None;

        public override DefenseWork Work(WorkSizes sizes) => new(1, 0);

        public override FittedFilter Fit(DefenseContext context) => new Constant(0);
    }

    private sealed record Shut : InputFilter
    {
        public override Needs Needs => Needs.None;

        public override DefenseWork Work(WorkSizes sizes) => new(1, 0);

        public override FittedFilter Fit(DefenseContext context) => new Constant(2);
    }

    private sealed class Constant(double score) : FittedFilter
    {
        public override double Threshold => 1;

        public override double FalseRejectionRate => 0.01;

        public override string ScoreName => "constant";

        public override double[] Score(ImageSet images, RunContext run) => [.. Enumerable.Repeat(score, images.Count)];
    }
}
