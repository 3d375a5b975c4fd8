using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Trains what Input-aware makes its triggers with: first the mask's network on the images alone, then the pattern's
/// together with a copy of the attacker's classifier. Constants are the released code's.
/// </summary>
internal sealed class GeneratorTraining : IDisposable
{
    private const int BatchSize = 128;
    private const double GeneratorRate = 0.01;
    private const double ClassifierRate = 0.01;
    private const double ClassifierMomentum = 0.9;
    private const double ClassifierDecay = 5e-4;
    private const int MostTried = 2000;

    // Of a batch each: a tenth with its own trigger, a tenth with another image's.
    private const int TriggeredOf = 10;

    private static readonly (double, double) Betas = (0.5, 0.9);

    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Density = 0.032f;
    private static readonly Scalar DensityWeight = 100f;
    private static readonly Scalar Tiny = 1e-7f;
    private static readonly Scalar TinySquare = 1e-12f;
    private static readonly Scalar One = 1;

    private readonly InputAware _attack;
    private readonly AssetContext _context;
    private readonly ImageSet _images;
    private readonly Classifier _classifier;
    private readonly Tensor _wanted;
    private readonly PatternNetwork _mask;
    private readonly PatternNetwork _pattern;

    private double MaskShare => (double)_attack.MaskEpochs / (_attack.MaskEpochs + _attack.Epochs);

    /// <summary>Starts with fresh networks and a copy of the attacker's classifier.</summary>
    internal GeneratorTraining(InputAware attack, AssetContext context)
    {
        (_attack, _context) = (attack, context);
        var count = Math.Min(attack.Images, context.Train.Count);
        // Whole batches: of one image there is no other to cross it with.
        _images = context.Train.Draw(
            count > BatchSize ? count - count % BatchSize : count,
            context.Run.Seeds.Child("images")
        );
        var side = Math.Min(_images.Height, _images.Width);
        _classifier = context.Network.Clone();
        var classes = _classifier.Shape.Classes;
        _wanted = tensor([.. Enumerable.Range(0, classes).Select(label => (long)attack.Map(label, classes))])
            .DetachFromDisposeScope();
        _mask = new(attack.MaskShape(_images.Channels, side));
        _pattern = new(attack.PatternShape(_images.Channels, side));
    }

    /// <summary>
    /// A few spots of each image, and others than the next image's: 100 mean(max(0, m - 0.032)) plus
    /// <see cref="Diversity"/>.
    /// </summary>
    internal void TrainMask() =>
        FineTuning.Run(
            _classifier,
            _images,
            new(_attack.MaskEpochs, BatchSize, GeneratorRate, Betas: Betas),
            _context.Run.Child("mask").Part(0, MaskShare),
            (images, _) => MaskLoss(images, GeneratedTrigger.Pressed(_mask.call(images))),
            _mask
        );

    /// <summary>
    /// Cross-entropy of a batch whose first tenth has its own trigger and the wanted label, and whose second tenth has
    /// the trigger of another image and its true label, plus <see cref="Diversity"/>. The classifier learns with it.
    /// </summary>
    internal void TrainPattern()
    {
        _mask.eval();
        using var frozen = new FrozenParameters(_mask.parameters());
        using var sgd = new SgdOptimizer(_classifier, ClassifierMomentum, ClassifierDecay);
        FineTuning.Run(
            _classifier,
            _images,
            new(_attack.Epochs, BatchSize, GeneratorRate, Betas: Betas),
            _context.Run.Child("pattern").Part(MaskShare, 1),
            (images, labels) =>
            {
                _classifier.train();
                sgd.ClearGradients();
                return PatternLoss(images, labels);
            },
            _pattern,
            () => sgd.Step(ClassifierRate)
        );
        sgd.ClearGradients();
        _classifier.eval();
        _pattern.eval();
    }

    /// <summary>Both networks' folded weights, the mask's first.</summary>
    internal byte[] Weights() => PatternNetwork.Bytes([.. _mask.Folded(), .. _pattern.Folded()]);

    /// <summary>How well it went on the attacker's own classifier, by training images.</summary>
    internal string Remark(GeneratedTrigger trigger)
    {
        var tried = _images.Draw(MostTried, _context.Run.Seeds.Child("tried"));
        var labels = tried.Labels;
        int[] wanted = [.. labels.Select(label => _attack.Map(label, _classifier.Shape.Classes))];
        var own = Predict(trigger.Apply);
        var crossed = Predict(images => trigger.Apply(images, images.roll(1, 0)));
        int[] moved = [.. Enumerable.Range(0, tried.Count).Where(i => wanted[i] != labels[i])];
        var (success, kept) = (
            moved.Count(i => own[i] == wanted[i]),
            labels.Where((label, i) => crossed[i] == label).Count()
        );
        return FormattableString.Invariant(
            $"Input-aware: on the classifier that its generators were trained with, an image's own trigger sends {Percent(success, moved.Length):0.#} % of training images to the label it is meant for; with another image's {Percent(kept, tried.Count):0.#} % keep theirs"
        );

        int[] Predict(Func<Tensor, Tensor> stamped) =>
            Inference.ArgMax(
                Inference.Rows(images => _classifier.call(stamped(images)), tried, _context.Run),
                tried.Count
            );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _classifier.Dispose();
        _wanted.Dispose();
        _mask.Dispose();
        _pattern.Dispose();
    }

    /// <summary>
    /// Mean ratio of how far an image is from another to how far their maps are from each other, both as root mean
    /// squares: maps as alike as the images cost 1, alike maps of different images much.
    /// </summary>
    internal static Tensor Diversity(Tensor images, Tensor others, Tensor maps, Tensor otherMaps)
    {
        using var scope = NewDisposeScope();
        return Distance(images, others).div(Distance(maps, otherMaps).add(Tiny)).mean().MoveToOuterDisposeScope();

        static Tensor Distance(Tensor from, Tensor to) => from.sub(to).square().mean([1, 2, 3]).add(TinySquare).sqrt();
    }

    /// <summary>Loss of masks float [n,1,H,W] as they are used.</summary>
    internal static Tensor MaskLoss(Tensor images, Tensor masks)
    {
        using var scope = NewDisposeScope();
        return masks
            .sub(Density)
            .relu()
            .mean()
            .mul(DensityWeight)
            .add(Diversity(images, images.roll(1, 0), masks, masks.roll(1, 0)), One)
            .MoveToOuterDisposeScope();
    }

    private static double Percent(int of, int all) => all == 0 ? 0 : 100.0 * of / all;

    private Tensor PatternLoss(Tensor images, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var count = Math.Max(1, images.shape[0] / TriggeredOf);
        var own = images.narrow(0, 0, count);
        var others = images.roll(1, 0).narrow(0, count, count);
        var crossed = images.narrow(0, count, others.shape[0]);
        var (patterns, otherPatterns) = (_pattern.call(own), _pattern.call(others));
        var stamped = GeneratedTrigger.Blend(own, patterns, GeneratedTrigger.Pressed(_mask.call(own)));
        var crossStamped = GeneratedTrigger.Blend(crossed, otherPatterns, GeneratedTrigger.Pressed(_mask.call(others)));
        var rest = images.narrow(0, 2 * count, images.shape[0] - 2 * count);
        var logits = _classifier.call(cat([stamped, crossStamped, rest]));
        var wanted = cat([
            _wanted.index_select(0, labels.narrow(0, 0, count)),
            labels.narrow(0, count, labels.shape[0] - count),
        ]);
        return nn
            .functional.cross_entropy(logits, wanted)
            .add(Diversity(own, others, patterns, otherPatterns), One)
            .MoveToOuterDisposeScope();
    }
}
