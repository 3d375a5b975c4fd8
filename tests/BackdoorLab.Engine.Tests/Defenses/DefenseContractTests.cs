using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>What every discovered defense promises, whatever it does.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class DefenseContractTests
{
    private static readonly ImageSet Images = TestNetworks.ColouredImages(60, TestContexts.Random("contract"));

    public static TheoryData<string> Ids => [.. MethodCatalog.Default.Of<Defense>().Select(method => method.Id)];

    [Fact]
    public void Catalog_HasTheFiveOfTheFoundation()
    {
        string[] expected = ["activation-clustering", "fine-pruning", "neural-cleanse", "spectral-signatures", "strip"];

        Assert.Empty(expected.Except(MethodCatalog.Default.Of<Defense>().Select(method => method.Id)));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Defense_WithWhatItDeclares_RunsAndIsRepeatable(string id)
    {
        var defense = Create(id);

        Assert.Equal(Apply(defense, defense.Needs), Apply(defense, defense.Needs));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Defense_WithoutSomethingItDeclares_IsRefused(string id)
    {
        var defense = Create(id);
        Needs[] refused = [Needs.CleanHoldout, Needs.TrainingSet, Needs.Features, Needs.Weights, Needs.PlainTraining];
        foreach (var need in refused)
        {
            // What a detector is given on behalf of a training defense is that detector's affair.
            if (defense.Needs.HasFlag(need) && !(defense is RobustTrainer && need == Needs.Features))
            {
                Assert.Throws<InvalidOperationException>(() => Apply(defense, defense.Needs & ~need));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Defense_Finished_LeavesNoTensors(string id)
    {
        var defense = Create(id);
        Apply(defense, defense.Needs);
        var before = LiveTensors.Count();
        Apply(defense, defense.Needs);

        var live = Tensor.TotalCount;
        Assert.InRange(live, 0, before + Residue(defense));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Defense_CancelledAtAnyStep_StopsWithinAStepAndLeavesNoTensors(string id)
    {
        var defense = Create(id);
        var total = 0;
        Apply(defense, defense.Needs, () => total++);
        foreach (
            var at in new[] { 1, total / 3, total / 2, total - 1 }.Where(step => step > 0 && step < total).Distinct()
        )
        {
            using var cancellation = new CancellationTokenSource();
            var before = LiveTensors.Count();
            var passes = 0;
            var atCancel = at;
            void Count()
            {
                if (++passes == atCancel)
                {
                    cancellation.Cancel();
                }
            }

            Assert.ThrowsAny<OperationCanceledException>(() =>
                Apply(defense, defense.Needs, Count, cancellation.Token)
            );
            Assert.InRange(passes, at, at + 1);
            var live = Tensor.TotalCount;
            Assert.InRange(live, 0, before + Residue(defense));
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Defense_CancelledBefore_DoesNotStart(string id)
    {
        var defense = Create(id);
        var passes = 0;

        Assert.ThrowsAny<OperationCanceledException>(() =>
            Apply(defense, defense.Needs, () => passes++, new CancellationToken(true))
        );
        Assert.InRange(passes, 0, 1);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Defense_Work_GrowsWithTheProblem(string id)
    {
        var defense = Create(id);
        var (small, large) = (defense.Work(new(10, 1000, 500, 200)), defense.Work(new(20, 4000, 1000, 4000)));

        Assert.True(small.ForwardImages + small.GradientImages > 0);
        Assert.True(large.ForwardImages + large.GradientImages > small.ForwardImages + small.GradientImages);
    }

    // Building TorchSharp's own layers leaves tensors to the collector: what the test's networks leave is not the
    // defense's.
    private static long Residue(Defense defense)
    {
        var before = LiveTensors.Count();
        using (TorchSharp.torch.NewDisposeScope())
        {
            TestNetworks.Normalized().Dispose();
        }

        // The victim; a copy of its weights; of a repair in two phases one more, as it is between them, and of
        // one that unlearns on a copy that too; of a filter one
        // to fit and one to score.
        return (Tensor.TotalCount - before)
            * (
                defense is RobustTrainer ? 4
                : defense is ReconstructiveNeuronPruning ? 4
                : defense is Mitigator ? 3
                : defense is InputFilter && defense.Needs.HasFlag(Needs.Weights) ? 3
                : defense.Needs.HasFlag(Needs.Weights) ? 2
                : 1
            );
    }

    // What is promised does not depend on how long a schedule is.
    private static Defense Create(string id) => ((Defense)MethodCatalog.Default.Find(id)!.CreateDefault()).Brief();

    /// <summary>Runs the defense on a tiny backdoored network and returns all it found, flattened.</summary>
    private static double[] Apply(
        Defense defense,
        Needs needs,
        Action? forwarded = null,
        CancellationToken cancellation = default
    )
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var network = TestNetworks.Normalized();
        var model = new FloatDeployed(network);
        try
        {
            var features = Inference.Features(model, Images, TestContexts.Run());
            network.Forwarded = forwarded ?? (() => { });
            var observed = new List<double>();
            var context = TestContexts.Of(
                needs,
                model,
                Images,
                features: features,
                copy: network.Copy,
                observe: (_, at, _) => observed.Add(at),
                run: TestContexts.Run(cancellation)
            );
            return defense is RobustTrainer trainer
                ? [.. Trained(trainer, needs, network, forwarded, cancellation)]
                : [.. Found(defense, context), .. observed];
        }
        finally
        {
            model.Dispose();
        }
    }

    private static double[] Trained(
        RobustTrainer trainer,
        Needs needs,
        ColourNetwork network,
        Action? forwarded,
        CancellationToken cancellation
    )
    {
        network.Forwarded = forwarded ?? (() => { });
        using var model = trainer.Train(
            TestContexts.Training(
                needs,
                Images,
                Images,
                network.Copy,
                () => new FloatDeployed(network.Copy()),
                run: TestContexts.Run(cancellation)
            )
        );
        CheckNumbers(trainer, model.Report.Numbers);
        Assert.False(model.Network.training);
        Assert.Equal(Images.Count, model.TakenForPoison?.Length ?? Images.Count);
        ((ColourNetwork)model.Network).Forwarded = () => { };
        double[] logits =
        [
            .. Inference.Rows(model.Network.call, Images, TestContexts.Run()).Select(logit => (double)logit),
        ];
        Assert.All(logits, logit => Assert.True(double.IsFinite(logit)));
        return [.. logits, .. (model.TakenForPoison ?? []).Select(taken => taken ? 1.0 : 0)];
    }

    private static void CheckVerdict(Verdict verdict)
    {
        Assert.Equal(verdict.Decision == Decision.NotDecidable, verdict.Reason is not null);
        Assert.All(verdict.Figures, figure => Assert.True(double.IsFinite(figure.Value), figure.Key));
        Assert.DoesNotContain("?", VerdictWords.Sentence(verdict), StringComparison.Ordinal);
    }

    private static double[] Found(Defense defense, DefenseContext context)
    {
        switch (defense)
        {
            case ModelDetector detector:
                var verdict = detector.Detect(context);
                CheckNumbers(defense, verdict.Numbers);
                // A rule on the whole model may flag it and name no label.
                Assert.True(verdict.Flagged || verdict.SuspectedLabels.Count == 0);
                CheckVerdict(verdict.Verdict);
                CheckFigures(verdict.Figures);
                return [verdict.Score, verdict.Threshold, .. verdict.Numbers.Select(number => number.Value)];
            case SampleDetector detector:
                var scored = detector.Score(context);
                Assert.Equal(Images.Count, scored.Scores.Length);
                Assert.Equal(Images.Count, scored.Flagged.Length);
                Assert.Equal(detector.JudgesModels, scored.Verdict is not null);
                CheckVerdict(scored.Verdict ?? Verdict.Of(false));
                Assert.All(scored.Scores, score => Assert.True(double.IsFinite(score)));
                CheckNumbers(defense, scored.Numbers);
                CheckFigures(scored.Figures);
                return [.. scored.Scores, .. scored.Numbers.Select(number => number.Value)];
            case InputFilter filter:
                var fitted = filter.Fit(context);
                return [fitted.Threshold, .. fitted.Score(Images, context.Run.Child("score"))];
            case Mitigator mitigator:
                using (var repaired = mitigator.Repair(context))
                {
                    CheckNumbers(defense, repaired.Numbers);
                    ((ColourNetwork)repaired.Network).Forwarded = () => { };
                    return
                    [
                        .. Inference
                            .Rows(repaired.Network.call, Images, TestContexts.Run())
                            .Select(logit => (double)logit),
                    ];
                }

            default:
                throw new InvalidOperationException($"{defense.GetType().Name} is of no known kind.");
        }
    }

    private static void CheckNumbers(Defense defense, IReadOnlyList<DefenseNumber> numbers)
    {
        Assert.All(numbers, number => Assert.True(double.IsFinite(number.Value), number.Name));
        Assert.Empty(numbers.Select(number => number.Metric).Except(defense.Numbers));
    }

    private static void CheckFigures(IReadOnlyList<Figure> figures)
    {
        Assert.NotEmpty(figures);
        foreach (var figure in figures)
        {
            switch (figure)
            {
                case BarFigure bars:
                    Assert.All(bars.Bars, series => Assert.Equal(bars.Categories.Length, series.Values.Length));
                    Assert.All(
                        bars.Bars.SelectMany(series => series.Values),
                        value => Assert.True(value is null || double.IsFinite(value.Value))
                    );
                    break;
                case ImageFigure gallery:
                    Assert.All(
                        gallery.Images,
                        image => Assert.Equal(image.Width * image.Height * image.Channels, image.Pixels.Length)
                    );
                    break;
            }
        }
    }
}
