using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>What the search found for one class.</summary>
/// <param name="Float">Largest margin of its images by the float model that was differentiated.</param>
/// <param name="Deployed">Largest margin of the same images by the deployed model.</param>
/// <param name="Steps">Steps taken.</param>
internal sealed record ClassMargin(double Float, double Deployed, int Steps);

/// <summary>
/// Images that make a class win by as much as possible, by gradient ascent from noise; several classes at once, each
/// with several starts. The network's weights are frozen until this is disposed.
/// </summary>
internal sealed class MarginSearch : IDisposable
{
    // Images a step: more classes are taken together as long as they fit.
    private const int MostImages = 240;

    // Steps between two looks at the margins.
    private const int LookEvery = 10;

    // A logit that can never be the largest.
    private static readonly Scalar Blocked = -1e9f;
    private static readonly Scalar Black = 0;
    private static readonly Scalar White = 1;

    private readonly MmBd _options;
    private readonly RunContext _run;
    private readonly DeployedClassifier _model;
    private readonly FrozenNetwork _frozen;
    private readonly FoldedArithmetic _arithmetic = new();
    private readonly Scalar _rate;
    private long _steps;

    internal MarginSearch(DeployedClassifier model, MmBd options, RunContext run)
    {
        (_model, _options, _run) = (model, options, run);
        _frozen = new FrozenNetwork(model.FloatModel);
        _rate = options.LearningRate;
    }

    /// <summary>Images through a forward and backward pass so far.</summary>
    internal long Gradients { get; private set; }

    private ClassifierShape Shape => _model.FloatModel.Shape;

    /// <inheritdoc/>
    public void Dispose()
    {
        _rate.Dispose();
        _arithmetic.Dispose();
        _frozen.Dispose();
    }

    /// <summary>Searches all classes.</summary>
    internal ClassMargin[] Run()
    {
        var found = new ClassMargin[Shape.Classes];
        var together = Math.Max(1, MostImages / _options.Starts);
        for (var first = 0; first < found.Length; first += together)
        {
            Search([.. Enumerable.Range(first, Math.Min(together, found.Length - first))], found);
        }

        return found;
    }

    private void Search(int[] labels, ClassMargin[] found)
    {
        using var scope = NewDisposeScope();
        var images = Noise(labels);
        var (active, goal) = (labels, Goal(labels));
        var before = new double[Shape.Classes];
        for (var step = 1; active.Length > 0; step++)
        {
            _run.Progress(labels[0] * _options.Steps + step * labels.Length, Shape.Classes * _options.Steps, "steps");
            var look = step % LookEvery == 0;
            var sums = Step(images, goal, active.Length, look);
            bool[] ends =
            [
                .. active.Select((label, at) => step == _options.Steps || (look && Settled(before[label], sums[at]))),
            ];
            for (var at = 0; look && at < active.Length; at++)
            {
                before[active[at]] = sums[at];
            }

            if (Array.Exists(ends, end => end))
            {
                Measure(images, active, ends, step, found);
                long[] rest = [.. RowsOf([.. Enumerable.Range(0, active.Length).Where(at => !ends[at])])];
                active = [.. active.Where((_, at) => !ends[at])];
                images = rest.Length == 0 ? images : images.index_select(0, tensor(rest));
                goal = Goal(active);
            }
        }
    }

    // Relative change over the steps between two looks, as the released code has it for one step. The first look has
    // nothing to compare with.
    private bool Settled(double before, double now) =>
        before != 0 && Math.Abs(now - before) <= LookEvery * _options.Tolerance * Math.Abs(before);

    /// <summary>
    /// Moves the images one step up, and where <paramref name="look"/> says the sums of the margins before it, one a
    /// class.
    /// </summary>
    private double[] Step(Tensor images, Tensor goal, int classes, bool look)
    {
        NativeMemory.Step(_steps++);
        Gradients += images.shape[0];
        using var scope = NewDisposeScope();
        var leaf = images.detach();
        leaf.requires_grad = true;
        var margins = Margins(_model.FloatModel.Logits(_arithmetic, Pixels(leaf)), goal);
        margins.sum().backward();
        using (no_grad())
        {
            images.add_(leaf.grad!, _rate);
        }

        return look ? [.. Inference.Floats(margins).Chunk(_options.Starts).Select(Sum)] : new double[classes];
    }

    private void Measure(Tensor images, int[] active, bool[] ends, int step, ClassMargin[] found)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        int[] places = [.. Enumerable.Range(0, active.Length).Where(at => ends[at])];
        var pixels = Pixels(images.index_select(0, tensor(RowsOf(places).ToArray())));
        var goal = Goal([.. places.Select(at => active[at])]);
        var differentiated = Inference.Floats(Margins(_model.FloatModel.Logits(_arithmetic, pixels), goal));
        _run.ThrowIfCancelled();
        var deployed = Inference.Floats(Margins(_model.Logits(pixels), goal));
        for (var i = 0; i < places.Length; i++)
        {
            var starts = new Range(i * _options.Starts, (i + 1) * _options.Starts);
            found[active[places[i]]] = new(differentiated[starts].Max(), deployed[starts].Max(), step);
        }
    }

    private IEnumerable<long> RowsOf(int[] places) =>
        places.SelectMany(place => Enumerable.Range(place * _options.Starts, _options.Starts).Select(row => (long)row));

    private static double Sum(float[] values) => values.Sum(value => (double)value);

    // Uniform noise [images, H, W, C]: channels-last is the layout that convolutions are quick in.
    private Tensor Noise(int[] labels)
    {
        var size = Shape.Channels * Shape.Height * Shape.Width * _options.Starts;
        var noise = new float[labels.Length * size];
        for (var i = 0; i < labels.Length; i++)
        {
            var random = _run.Seeds.Child(labels[i]).Random();
            for (var p = 0; p < size; p++)
            {
                noise[i * size + p] = random.NextSingle();
            }
        }

        return AlignedTensor.Of(noise, labels.Length * _options.Starts, Shape.Height, Shape.Width, Shape.Channels);
    }

    private static Tensor Pixels(Tensor images) => images.clamp(Black, White).permute(0, 3, 1, 2);

    // One row an image: one at its class.
    private Tensor Goal(int[] labels)
    {
        var goal = new float[labels.Length * _options.Starts * Shape.Classes];
        for (var i = 0; i < labels.Length * _options.Starts; i++)
        {
            goal[i * Shape.Classes + labels[i / _options.Starts]] = 1;
        }

        return AlignedTensor.Of(goal, labels.Length * _options.Starts, Shape.Classes);
    }

    private static Tensor Margins(Tensor logits, Tensor goal)
    {
        var others = logits.add(goal.mul(Blocked)).amax([1]);
        return logits.mul(goal).sum(1).sub(others);
    }
}
