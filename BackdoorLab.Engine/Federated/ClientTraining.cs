using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// A client's local work on the shared network and the shared images: plain SGD over whole batches of its shard.
/// Clients run one after another, so there is one network in memory.
/// </summary>
/// <param name="network">The shared network.</param>
/// <param name="data">All clients' images.</param>
/// <param name="simulation">Steps, rate, decay.</param>
/// <param name="training">Arithmetic and augmentation; the rest of it is not used.</param>
public sealed class ClientTraining(Classifier network, FederatedData data, Simulation simulation, TrainOptions training)
{
    private static readonly Scalar One = 1.0;
    private readonly bool _bfloat16 = Trainer.UsesBFloat16(training);
    private readonly Augmentation _augmentation = new(training.CropPadding, training.Flip && data.FlipAllowed);
    private readonly Scalar _decay = simulation.WeightDecay;
    private long _steps;

    /// <summary>Runs while masks are worked on: what masking costs besides training.</summary>
    internal Stopwatch MaskClock { get; } = new();

    /// <summary>Does work that only masks need, on the clock that a round's record tells. Not to be nested.</summary>
    public T OnMasks<T>(Func<T> work)
    {
        MaskClock.Start();
        try
        {
            return work();
        }
        finally
        {
            MaskClock.Stop();
        }
    }

    /// <summary>Trains the network as it is now; returns the mean loss of the last epoch.</summary>
    /// <param name="client">Which client.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="layout">The network's parameters.</param>
    /// <param name="masks">For each parameter what its gradient is multiplied by, in its shape and layout; null trains
    /// all.</param>
    /// <param name="run">Random streams of this client's round, cancellation.</param>
    public double Run(int client, double rate, ParameterLayout layout, Tensor[]? masks, RunContext run)
    {
        Scalar negativeRate = -rate;
        using var lossSum = zeros(1, dtype: ScalarType.Float64).DetachFromDisposeScope();
        var batches = 0;
        for (var epoch = 0; epoch < simulation.LocalEpochs; epoch++)
        {
            if (epoch == simulation.LocalEpochs - 1)
            {
                batches = 0;
                using var scope = NewDisposeScope();
                lossSum.zero_();
            }

            foreach (var batch in Pass(client, run.Child($"epoch {epoch}"), run.Cancellation))
            {
                using var scope = NewDisposeScope();
                Forget(layout);
                var loss = Backward(batch);
                using var noGrad = no_grad();
                lossSum.add_(loss, One);
                Step(layout, masks, negativeRate);
                batches++;
            }
        }

        Forget(layout);
        return batches == 0 ? 0 : lossSum.item<double>() / batches;
    }

    /// <summary>The sum of the loss's gradients over one pass, without a step: float [P].</summary>
    public Tensor SumGradients(int client, ParameterLayout layout, RunContext run)
    {
        Forget(layout);
        foreach (var batch in Pass(client, run.Child("screening"), run.Cancellation))
        {
            using var scope = NewDisposeScope();
            Backward(batch);
        }

        var sum = layout.ReadGradients();
        Forget(layout);
        return sum;
    }

    private IEnumerable<(int[] Indices, Random Augment)> Pass(
        int client,
        RunContext run,
        CancellationToken cancellation
    )
    {
        var order = (int[])data.Shards[client].Clone();
        run.Seeds.Child("order").Random().Shuffle(order);
        for (var start = 0; start + simulation.BatchSize <= order.Length; start += simulation.BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            NativeMemory.Step(_steps++);
            yield return (
                order[start..(start + simulation.BatchSize)],
                run.Seeds.Child("augment").Child(start).Random()
            );
        }
    }

    /// <summary>Forward and backward of a batch; the loss, detached.</summary>
    private Tensor Backward((int[] Indices, Random Augment) batch)
    {
        network.train();
        var clean = Batches.Images(data.Images, batch.Indices, _augmentation, batch.Augment);
        var images = data.Stamped(clean, batch.Indices);
        return TrainingStep.Backward(network, images, Batches.Labels(data.Images, batch.Indices), _bfloat16).detach();
    }

    // The mask is laid on the gradient before the decay: under Lockdown masked weights are zero and do not decay, under
    // Neurotoxin they do.
    private void Step(ParameterLayout layout, Tensor[]? masks, Scalar negativeRate)
    {
        for (var i = 0; i < layout.Parameters.Length; i++)
        {
            var parameter = layout.Parameters[i];
            if (parameter.grad is { } gradient)
            {
                if (masks is not null)
                {
                    MaskClock.Start();
                    gradient.mul_(masks[i]);
                    MaskClock.Stop();
                }

                gradient.add_(parameter, _decay);
                parameter.add_(gradient, negativeRate);
            }
        }
    }

    private static void Forget(ParameterLayout layout)
    {
        foreach (var parameter in layout.Parameters)
        {
            parameter.grad = null;
        }
    }
}
