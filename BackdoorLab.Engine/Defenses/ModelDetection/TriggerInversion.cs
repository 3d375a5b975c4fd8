using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Reverses a trigger for one class after another: mask and pattern through tanh, Adam on a few thousand numbers in managed memory, one
/// forward and one backward pass an update. The network's weights are frozen until this is disposed.
/// </summary>
internal sealed class TriggerInversion : IDisposable
{
    private const double Beta1 = 0.5;
    private const double Beta2 = 0.9;

    private readonly Classifier _network;
    private readonly ImageSet _images;
    private readonly NeuralCleanse _options;
    private readonly RunContext _run;
    private readonly bool _bfloat16;
    private readonly FrozenNetwork _frozen;
    private long _updates;

    internal TriggerInversion(Classifier network, ImageSet images, NeuralCleanse options, RunContext run, bool bfloat16)
    {
        (_network, _images, _options, _run, _bfloat16) = (network, images, options, run, bfloat16);
        _frozen = new FrozenNetwork(network);
    }

    /// <summary>Gives the network its gradients and its mode back.</summary>
    public void Dispose() => _frozen.Dispose();

    /// <summary>The smallest trigger towards <paramref name="target"/>.</summary>
    internal ReversedTrigger Invert(int target)
    {
        var random = _run.Seeds.Child("trigger").Child(target).Random();
        var mask = new Squashed(_images.Height * _images.Width, random, _options.LearningRate, Beta1, Beta2);
        var pattern = new Squashed(_images.ImageBytes, random, _options.LearningRate, Beta1, Beta2);
        var order = new Order(_images.Count, random);
        var cost = new AdaptiveCost(
            _options.InitialCost, _options.SuccessThreshold, _options.Patience, _options.CostMultiplier, _options.StopPatience);
        ReversedTrigger? best = null;
        var last = new ReversedTrigger([], [], 0, 0, false, 0);
        var updates = 0;
        var done = (long)target * _options.Rounds * _options.UpdatesPerRound;
        do
        {
            var (hits, seen) = (0, 0);
            for (var update = 0; update < _options.UpdatesPerRound; update++)
            {
                _run.Progress(done + updates, (long)_network.Shape.Classes * _options.Rounds * _options.UpdatesPerRound, "updates");
                if (update == _options.UpdatesPerRound - 1)
                {
                    // The trigger that this round's last batch measures, before it moves on.
                    last = new ReversedTrigger(mask.Copy(), pattern.Copy(), mask.Sum(), 0, false, 0);
                }

                var indices = order.Next(_options.BatchSize);
                hits += Update(target, mask, pattern, indices, cost.Cost);
                seen += indices.Length;
                updates++;
                NativeMemory.Step(_updates++);
            }

            last = last with { Success = (double)hits / seen };
            best = cost.Observe(last.Success, last.Norm) ? last with { Reached = true } : best;
        }
        while (updates < _options.Rounds * _options.UpdatesPerRound && !cost.Converged);

        return (best ?? last) with { Updates = updates };
    }

    private int Update(int target, Squashed mask, Squashed pattern, int[] indices, double cost)
    {
        using var scope = NewDisposeScope();
        var (channels, height, width) = (_images.Channels, _images.Height, _images.Width);
        var maskLeaf = tensor(mask.Values, new long[] { 1, 1, height, width }, requires_grad: true);
        var patternLeaf = tensor(pattern.Values, new long[] { 1, channels, height, width }, requires_grad: true);
        var stamped = Batches.Images(_images, indices).lerp(patternLeaf, maskLeaf);
        Tensor logits;
        using (Autocast.BFloat16If(_bfloat16))
        {
            logits = _network.call(stamped);
        }

        if (_bfloat16)
        {
            logits = logits.to_type(ScalarType.Float32);
        }

        var goal = new long[indices.Length];
        Array.Fill(goal, target);
        nn.functional.cross_entropy(logits, tensor(goal)).backward();
        mask.Descend(maskLeaf.grad!, cost);
        pattern.Descend(patternLeaf.grad!, 0);
        return Hits(logits, indices.Length, target);
    }

    private static int Hits(Tensor logits, int count, int target)
    {
        var rows = new float[logits.numel()];
        Inference.CopyTo(logits, rows);
        return Inference.ArgMax(rows, count).Count(label => label == target);
    }

    /// <summary>Numbers in (0,1) that are optimised without bounds: (tanh(theta) + 1) / 2.</summary>
    private sealed class Squashed
    {
        private readonly float[] _theta;
        private readonly float[] _buffer;
        private readonly double[] _gradient;
        private readonly ManagedAdam _adam;

        internal Squashed(int count, Random random, double learningRate, double beta1, double beta2)
        {
            (_theta, _buffer, _gradient, Values) = (new float[count], new float[count], new double[count], new float[count]);
            for (var i = 0; i < count; i++)
            {
                _theta[i] = (float)Math.Atanh((random.NextDouble() - 0.5) * (2 - 1e-7));
            }

            _adam = new ManagedAdam(_theta, learningRate, beta1, beta2);
            Squash();
        }

        internal float[] Values { get; }

        internal float[] Copy() => (float[])Values.Clone();

        internal double Sum()
        {
            var sum = 0.0;
            foreach (var value in Values)
            {
                sum += value;
            }

            return sum;
        }

        internal void Descend(Tensor gradient, double normWeight)
        {
            Inference.CopyTo(gradient, _buffer);
            for (var i = 0; i < _buffer.Length; i++)
            {
                // The values are positive, so the L1 norm adds its weight; d value / d theta = 2 v (1 - v).
                _gradient[i] = (_buffer[i] + normWeight) * 2 * Values[i] * (1 - Values[i]);
            }

            _adam.Step(_gradient);
            Squash();
        }

        private void Squash()
        {
            for (var i = 0; i < Values.Length; i++)
            {
                Values[i] = (MathF.Tanh(_theta[i]) + 1) / 2;
            }
        }
    }

    /// <summary>Endless batches of indices, each pass over the images in a new order.</summary>
    private sealed class Order(int count, Random random)
    {
        private readonly int[] _indices = [.. Enumerable.Range(0, count)];
        private int _next = count;

        internal int[] Next(int size)
        {
            var batch = new int[size];
            for (var i = 0; i < size; i++)
            {
                if (_next == _indices.Length)
                {
                    random.Shuffle(_indices);
                    _next = 0;
                }

                batch[i] = _indices[_next++];
            }

            return batch;
        }
    }
}
