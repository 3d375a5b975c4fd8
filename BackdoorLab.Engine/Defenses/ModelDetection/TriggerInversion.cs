using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The network's side of reversing triggers: one forward and one backward pass an update, normalisation folded into the
/// convolutions. The network's weights are frozen until this is disposed.
/// </summary>
internal sealed class TriggerInversion : IDisposable
{
    private readonly Classifier _network;
    private readonly FrozenNetwork _frozen;
    private readonly FoldedArithmetic _arithmetic;
    private readonly Stopwatch _trying = new();
    private long _updates;

    internal TriggerInversion(Classifier network, ImageSet images, NeuralCleanse options, RunContext run, bool bfloat16)
    {
        (_network, Images, Options, Run) = (network, images, options, run);
        _frozen = new FrozenNetwork(network);
        _arithmetic = new FoldedArithmetic(bfloat16);
    }

    internal ImageSet Images { get; }

    internal NeuralCleanse Options { get; }

    internal RunContext Run { get; }

    /// <summary>Gives the network its gradients and its mode back.</summary>
    public void Dispose()
    {
        _arithmetic.Dispose();
        _frozen.Dispose();
    }

    /// <summary>Triggers tried on all images so far.</summary>
    internal int Tries { get; private set; }

    /// <summary>Time that took.</summary>
    internal TimeSpan Trying => _trying.Elapsed;

    /// <summary>Tries a trigger on all images, without gradients.</summary>
    internal HoldoutSuccess Try(int target, ReversedTrigger trigger)
    {
        Tries++;
        _trying.Start();
        try
        {
            return HoldoutSuccess.Measure(
                Images.Count,
                target,
                Options.SuccessThreshold,
                indices =>
                {
                    NativeMemory.Step(_updates++);
                    return _network.Logits(_arithmetic, trigger.On(Batches.Images(Images, indices), Images));
                },
                Run
            );
        }
        finally
        {
            _trying.Stop();
        }
    }

    /// <summary>
    /// Moves a trigger one step and returns how many of the images it sent to <paramref name="target"/> before.
    /// </summary>
    internal int Update(int target, Squashed mask, Squashed pattern, int[] indices, double cost)
    {
        NativeMemory.Step(_updates++);
        using var scope = NewDisposeScope();
        var (channels, height, width) = (Images.Channels, Images.Height, Images.Width);
        var maskLeaf = tensor(mask.Values, new long[] { 1, 1, height, width }, requires_grad: true);
        var patternLeaf = tensor(pattern.Values, new long[] { 1, channels, height, width }, requires_grad: true);
        var logits = _network.Logits(_arithmetic, Batches.Images(Images, indices).lerp(patternLeaf, maskLeaf));
        var goal = new long[indices.Length];
        Array.Fill(goal, target);
        nn.functional.cross_entropy(logits, tensor(goal)).backward();
        mask.Descend(maskLeaf.grad!, cost);
        pattern.Descend(patternLeaf.grad!, 0);
        var rows = Inference.Floats(logits);
        return Inference.ArgMax(rows, indices.Length).Count(label => label == target);
    }
}
