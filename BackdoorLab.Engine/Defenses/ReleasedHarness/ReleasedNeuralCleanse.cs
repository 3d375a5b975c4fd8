using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The rule that the harness released with "Quantization Blindspots" (arXiv 2512.06243) calls Neural Cleanse: fifty
/// steps of Adam per class on the same 320 images, a fixed weight of the mask's norm, no success rate, a pattern free
/// to leave the range of pixels. It follows the gradient of the deployed arithmetic itself; where integer kernels break
/// that chain nothing moves, all norms are equal, and the harness counts a miss. That is told here without running it.
/// </summary>
[Method(
    "seed-neural-cleanse",
    "Neural Cleanse (released harness)",
    Order = 200,
    Summary = "Not the paper's method: the released Quantization Blindspots harness's shortened inversion, kept to explain its numbers. Where integer kernels give no gradient it is blind, which it counts as not detected.",
    Paper = "Rule of the code released with Pandey and Ye, Quantization Blindspots, arXiv 2512.06243, 2025; the method is Wang et al., Neural Cleanse, IEEE S&P 2019",
    Deviations = "From Neural Cleanse: 50 steps, a fixed weight of the norm, no success rate, a pattern not kept to valid pixels, any class counts. From the harness: the clean holdout in place of the clean test set. "
        + "Only integer kernels break the gradient here; every other precision is followed on its float model."
)]
public sealed record ReleasedNeuralCleanse : ReleasedRule
{
    private const int Epochs = 10;
    private const int Batches = 5;
    private const int BatchSize = 64;
    private const double LearningRate = 0.1;
    private static readonly Scalar NormWeight = 0.01;

    /// <inheritdoc/>
    public override string? ReleasedVariantOf => "neural-cleanse";

    /// <summary>Whether it could see anything.</summary>
    public static Metric GradientReached { get; } =
        new(
            "gradient-reached",
            "Gradient reached",
            "Gradient reached",
            MetricUnit.Number,
            null,
            "1 where a gradient reaches the pattern through the deployed arithmetic, 0 where the rule is blind."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers =>
        [InversionNumbers.IndexCeiling, InversionNumbers.SmallestNorm, InversionNumbers.MedianNorm, GradientReached];

    /// <inheritdoc/>
    /// <remarks>
    /// Not the gradients: what it does without them is the point, and the preflight would keep it from running.
    /// </remarks>
    public override Needs Needs => Needs.CleanHoldout;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(0, (double)sizes.Classes * Epochs * Math.Min(Batches * BatchSize, sizes.HoldoutCount));

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        var images = HoldoutSample.First(context.CleanHoldout, Batches * BatchSize);
        var model = context.Model;
        if (model.Gradients == GradientAccess.None || model.Realisation.Kind == Realisation.IntegerKernels)
        {
            return Blind(model);
        }

        var norms = new double[context.Classes];
        using var frozen = new FrozenNetwork(model.FloatModel);
        using var arithmetic = new FoldedArithmetic();
        for (var label = 0; label < norms.Length; label++)
        {
            norms[label] = Norm(model.FloatModel, arithmetic, images, label, context.Run);
        }

        return Verdict(norms, images.ClassNames);
    }

    /// <summary>More than two spreads below the median; nothing where the norms have no spread.</summary>
    internal static ModelVerdict Verdict(double[] norms, IReadOnlyList<string> names)
    {
        var outliers = NormOutliers.Of(norms, Array.ConvertAll(norms, _ => true));
        var spread = RobustStatistics.Mad(norms) > 0;
        int[] flagged =
        [
            .. Enumerable
                .Range(0, norms.Length)
                .Where(label => spread && outliers.Indices[label] > NormOutliers.Cut)
                .OrderBy(label => norms[label]),
        ];
        return new ModelVerdict
        {
            Verdict = spread
                ? outliers.Verdict(flagged.Length > 0, NormRule.Paper)
                : Results.Verdict.NotDecidable(
                    UndecidedReason.NoSpread,
                    (InversionNumbers.MedianNorm.Id, outliers.Median)
                ),
            Score = spread ? outliers.Indices[outliers.Smallest] : 0,
            Threshold = NormOutliers.Cut,
            SuspectedLabels = flagged,
            TopLabel = outliers.Smallest,
            Numbers =
            [
                new(GradientReached, 1),
                new(InversionNumbers.IndexCeiling, outliers.Ceiling),
                new(InversionNumbers.SmallestNorm, norms[outliers.Smallest]),
                new(InversionNumbers.MedianNorm, outliers.Median),
            ],
            Figures =
            [
                new BarFigure(
                    "Norms of the masks after fifty steps",
                    "class",
                    "L1 norm (pixels)",
                    [.. names],
                    [new BarSeries("norm", [.. norms.Select(norm => (double?)norm)])],
                    outliers.CutNorm > 0 ? outliers.CutNorm : null
                )
                {
                    Note = "The rule flags classes below the line; without a line it cannot flag any.",
                },
            ],
        };
    }

    private static ModelVerdict Blind(DeployedClassifier model)
    {
        var access =
            model.Gradients == GradientAccess.None
                ? "this precision offers no gradient"
                : "only a float model of this precision has one";
        return new ModelVerdict
        {
            Verdict = Results.Verdict.NotDecidable(UndecidedReason.NoGradient),
            Score = 0,
            Threshold = NormOutliers.Cut,
            Numbers = [new(GradientReached, 0)],
            Note =
                $"No gradient reaches the pattern through the deployed arithmetic ({model.Realisation.Kind}; {access}): every class's mask would end the same.",
        };
    }

    private static double Norm(
        Classifier network,
        FoldedArithmetic arithmetic,
        ImageSet images,
        int label,
        RunContext run
    )
    {
        var mask = new Variable([1, 1, images.Height, images.Width]);
        var pattern = new Variable([1, images.Channels, images.Height, images.Width]);
        var (step, steps) = (label * Epochs * Batches, network.Shape.Classes * Epochs * Batches);
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            foreach (var indices in Enumerable.Range(0, images.Count).Chunk(BatchSize))
            {
                run.Progress(step++, steps, "updates");
                Update(network, arithmetic, images, indices, label, mask, pattern);
                NativeMemory.Step(step);
            }
        }

        return mask.Values.Sum(logit => 1 / (1 + Math.Exp(-logit)));
    }

    private static void Update(
        Classifier network,
        FoldedArithmetic arithmetic,
        ImageSet images,
        int[] indices,
        int label,
        Variable mask,
        Variable pattern
    )
    {
        using var scope = NewDisposeScope();
        var units = network.Shape.Normalization;
        var (maskLeaf, patternLeaf) = (mask.Leaf(), pattern.Leaf());
        var weights = maskLeaf.sigmoid();
        // The harness works on normalised images; its pattern is in their units.
        var pixels = patternLeaf
            .mul(tensor(units.StandardDeviation).reshape(1, -1, 1, 1))
            .add(tensor(units.Mean).reshape(1, -1, 1, 1));
        var logits = network.Logits(arithmetic, Datasets.Batches.Images(images, indices).lerp(pixels, weights));
        var goal = full(new long[] { indices.Length }, label, ScalarType.Int64);
        nn.functional.cross_entropy(logits, goal).add(weights.sum(), NormWeight).backward();
        mask.Descend(maskLeaf.grad!);
        pattern.Descend(patternLeaf.grad!);
    }

    /// <summary>Numbers that Adam changes, all zero at first.</summary>
    private sealed class Variable
    {
        private readonly long[] _shape;
        private readonly float[] _gradient;
        private readonly ManagedAdam _adam;

        internal Variable(long[] shape)
        {
            var count = (int)shape.Aggregate((product, side) => product * side);
            (_shape, _gradient, Values) = (shape, new float[count], new float[count]);
            _adam = new ManagedAdam(Values, LearningRate, beta1: 0.9, beta2: 0.999);
        }

        internal float[] Values { get; }

        internal Tensor Leaf() => tensor(Values, _shape, requires_grad: true);

        internal void Descend(Tensor gradient)
        {
            Inference.CopyTo(gradient, _gradient);
            _adam.Step(Array.ConvertAll(_gradient, value => (double)value));
        }
    }
}
