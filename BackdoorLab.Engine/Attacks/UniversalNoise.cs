using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Noise of limited size that is to send every image to one class of a frozen network in evaluation mode. Its one
/// parameter is the noise, float [1,C,H,W]; whoever searches says how it moves.
/// </summary>
internal sealed class UniversalNoise : nn.Module
{
    /// <summary>Images of a step.</summary>
    internal const int BatchSize = 256;

    // As many images decide how often the finished noise works.
    private const int MostTried = 2000;

    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Black = 0f;
    private static readonly Scalar White = 1f;

    private readonly AssetContext _context;
    private readonly int _target;
    private readonly Scalar _least;
    private readonly Scalar _largest;
    private readonly FrozenParameters _frozen;
    private readonly FoldedArithmetic _arithmetic = new();
    private readonly Parameter _noise;

    /// <summary>Starts with no noise.</summary>
    /// <param name="context">Network and images.</param>
    /// <param name="target">Class to send images to.</param>
    /// <param name="limit">Largest change of a pixel in [0,1].</param>
    internal UniversalNoise(AssetContext context, int target, double limit)
        : base(nameof(UniversalNoise))
    {
        (_context, _target, _least, _largest) = (context, target, (float)-limit, (float)limit);
        _frozen = new(context.Network.parameters());
        var images = context.Train;
        using var scope = NewDisposeScope();
        _noise = new Parameter(zeros(1, images.Channels, images.Height, images.Width), requires_grad: true);
        _noise.DetachFromDisposeScope();
        register_parameter("noise", _noise);
    }

    /// <summary>float [C*H*W].</summary>
    internal float[] Values => Inference.Floats(_noise);

    /// <summary>
    /// Moves the noise over batches of random images, in random order; what is beyond the limit is cut after each step.
    /// </summary>
    /// <param name="sources">Indices of the images.</param>
    /// <param name="steps">Batches.</param>
    /// <param name="move">
    /// Moves the noise by its gradient, that of the mean cross-entropy with the target; called without gradients and
    /// inside a dispose scope.
    /// </param>
    internal void Search(int[] sources, int steps, Action<Tensor, Tensor> move)
    {
        var order = (int[])sources.Clone();
        var size = Math.Min(BatchSize, order.Length);
        var batches = order.Length / size;
        for (var step = 0; step < steps; step++)
        {
            if (step % batches == 0)
            {
                _context.Run.Seeds.Child("order").Child(step / batches).Random().Shuffle(order);
            }

            _context.Run.Progress(step, steps, "steps");
            using var scope = NewDisposeScope();
            Descend(order.AsSpan(step % batches * size, size));
            using var noGrad = no_grad();
            move(_noise, _noise.grad ?? throw new NotApplicableException("No gradient reaches the images."));
            _noise.clamp_(_least, _largest);
            NativeMemory.Step(step);
        }
    }

    /// <summary>Share of images, of up to 2,000 drawn from them, that the noise sends to the target.</summary>
    /// <param name="sources">Indices of the images.</param>
    /// <param name="magnification">Factor of the noise.</param>
    internal double Success(int[] sources, double magnification = 1)
    {
        var images = _context.Train.Select(sources).Draw(MostTried, _context.Run.Seeds.Child("tried"));
        var trigger = new NoiseTrigger(Values, images.Channels, images.Height, images.Width, magnification);
        var logits = Inference.Rows(
            batch => _context.Network.Logits(_arithmetic, trigger.Apply(batch)),
            images,
            _context.Run
        );
        return Inference.ArgMax(logits, images.Count).Count(label => label == _target) / (double)images.Count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _frozen.Dispose();
            _arithmetic.Dispose();
            _noise.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Descend(ReadOnlySpan<int> indices)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        _noise.grad = null;
        var images = Batches.Images(_context.Train, indices).add(_noise).clamp(Black, White);
        var labels = new long[indices.Length];
        Array.Fill(labels, _target);
        nn.functional.cross_entropy(_context.Network.Logits(_arithmetic, images), tensor(labels)).backward();
    }
}
