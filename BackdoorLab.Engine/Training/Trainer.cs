using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// The training loop of everything that is trained. Order and augmentation of each step come from the seed tree by
/// epoch and step, so a training that was interrupted anywhere ends with the same bits as one that was not.
/// </summary>
public static class Trainer
{
    private const int LossCheckEvery = 25;

    /// <summary>Whether <paramref name="options"/> mean bfloat16 on this machine.</summary>
    /// <exception cref="NotSupportedException">bfloat16 is demanded and the library cannot do it.</exception>
    public static bool UsesBFloat16(TrainOptions options) =>
        options.Precision switch
        {
            TrainingPrecision.Auto => TorchRuntime.HasBFloat16Instructions && Autocast.IsAvailable,
            TrainingPrecision.BFloat16 when !Autocast.IsAvailable => throw new NotSupportedException(
                "Training in BF16 needs CPU autocast, which this build of libtorch does not export. Choose float32."
            ),
            TrainingPrecision.BFloat16 => true,
            _ => false,
        };

    /// <summary>Trains <paramref name="model"/> in place and leaves it in evaluation mode.</summary>
    /// <param name="model">Channels-last network.</param>
    /// <param name="data">Training images with the labels to learn.</param>
    /// <param name="options">Optimiser, schedule, augmentation, precision.</param>
    /// <param name="run">Random streams, cancellation (checked every step), progress in steps.</param>
    /// <param name="hooks">Epoch reports, checkpoints, stamping after augmentation.</param>
    /// <param name="flipAllowed">Whether a horizontal flip keeps labels in this data set; without it
    /// <see cref="TrainOptions.Flip"/> is ignored.</param>
    /// <returns>Mean loss of each epoch.</returns>
    /// <exception cref="TrainingDivergedException">The loss is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint file, if any, holds the last
    /// step.</exception>
    public static IReadOnlyList<double> Train(
        Classifier model,
        ImageSet data,
        TrainOptions options,
        RunContext run,
        TrainingHooks? hooks = null,
        bool flipAllowed = false
    )
    {
        ArgumentOutOfRangeException.ThrowIfZero(data.Count);
        return new Session(model, data, options, run, hooks ?? new(), flipAllowed).Run();
    }

    private sealed class Session(
        Classifier model,
        ImageSet data,
        TrainOptions options,
        RunContext run,
        TrainingHooks hooks,
        bool flipAllowed
    )
    {
        private static readonly Scalar One = 1.0;
        private readonly bool _bfloat16 = UsesBFloat16(options);
        private readonly LabelSmoothing? _smoothing = LabelSmoothing.Of(options);
        private readonly EpochFlips _flips = new(data.Count, options, run.Seeds.Child("flips"));
        private readonly int _stepsPerEpoch =
            options.DropLast && data.Count >= options.BatchSize
                ? data.Count / options.BatchSize
                : (data.Count + options.BatchSize - 1) / options.BatchSize;

        private readonly CheckpointPace _pace = new(hooks.CheckpointSeconds);
        private readonly List<double> _curve = [];
        private Augmentation _augmentation;
        private long _step;
        private Lookahead? _lookahead;
        private readonly FrozenParameters _frozen = new();
        private Convolution? _held;

        private long Steps => (long)_stepsPerEpoch * options.Epochs;

        internal IReadOnlyList<double> Run()
        {
            try
            {
                _held = Whiten();
                return RunEpochs();
            }
            finally
            {
                // Whoever changes the finished network changes all of it.
                _frozen.Dispose();
                _lookahead?.Dispose();
            }
        }

        private IReadOnlyList<double> RunEpochs()
        {
            using var optimizer = Optimizer.For(model, options);
            _lookahead = options.LookaheadSteps > 0 ? new Lookahead(model, options.LookaheadSteps) : null;
            using var lossSum = zeros(1, dtype: ScalarType.Float64).DetachFromDisposeScope();
            Resume(optimizer, lossSum);
            while (_curve.Count < options.Epochs)
            {
                Epoch(optimizer, lossSum);
                var sum = lossSum.item<double>();
                _curve.Add(sum / _stepsPerEpoch);
                Clear(lossSum);
                model.eval();
                Report(optimizer, sum);
            }

            model.eval();
            optimizer.ClearGradients();
            if (hooks.CheckpointFile is { } file)
            {
                File.Delete(file);
            }

            return _curve;
        }

        private Convolution? Whiten()
        {
            if (options.WhiteningImages == 0)
            {
                return null;
            }

            var held = Whitening.Apply(model, data, options.WhiteningImages, run.Seeds.Child("whitening"));
            if (held is not null)
            {
                _frozen.Add(held.weight);
            }

            return held;
        }

        /// <summary>Tells of an epoch. What listens measures, which takes long enough to be cancelled in.</summary>
        private void Report(Optimizer optimizer, double lossSum)
        {
            try
            {
                hooks.EpochFinished?.Invoke(new EpochReport(_curve.Count, options.Epochs, _curve[^1], model));
            }
            catch (OperationCanceledException) when (hooks.CheckpointFile is not null)
            {
                // Saved as an epoch whose steps are done and which is not told yet: a resume begins with telling it.
                new TrainingState(_step, lossSum, [.. _curve.SkipLast(1)]).Save(
                    hooks.CheckpointFile,
                    Tensors(optimizer)
                );
                throw;
            }
        }

        // The in-place operation returns an alias, which the scope collects.
        private static void Clear(Tensor sum)
        {
            using var scope = NewDisposeScope();
            sum.zero_();
        }

        private void Epoch(Optimizer optimizer, Tensor lossSum)
        {
            model.train();
            _augmentation = new(
                options.CropPadding,
                options.Flip && flipAllowed,
                options.ReflectCrop,
                _flips.Of(_curve.Count)
            );
            if (_held?.bias is { } bias && _curve.Count >= Whitening.BiasEpochs)
            {
                _frozen.Add(bias);
            }

            var order = Order(run.Seeds.Child("order").Child(_curve.Count));
            var augment = run.Seeds.Child("augment").Child(_curve.Count);
            for (var batch = (int)(_step - (long)_curve.Count * _stepsPerEpoch); batch < _stepsPerEpoch; batch++)
            {
                SaveIfDue(optimizer, lossSum);
                run.Progress(_step, Steps, "steps");
                var start = batch * options.BatchSize;
                var indices = order.AsSpan(start, Math.Min(options.BatchSize, data.Count - start));
                Step(optimizer, lossSum, indices, augment.Child(batch).Random());
                NativeMemory.Step(_step++);
                _lookahead?.After(_step, Steps);
            }

            _lookahead?.Finish();
            CheckFinite(lossSum);
        }

        private void Step(Optimizer optimizer, Tensor lossSum, ReadOnlySpan<int> indices, Random random)
        {
            using var scope = NewDisposeScope();
            var images = Stamp(Batches.Images(data, indices, _augmentation, random), indices);
            var labels = Batches.Labels(data, indices);
            optimizer.ClearGradients();
            var loss = Backward(images, labels, indices);
            if (hooks.Reconsider is { } reconsider)
            {
                var batch = indices.ToArray();
                reconsider(() =>
                {
                    optimizer.ClearGradients();
                    Backward(images, labels, batch);
                });
            }

            optimizer.Step(Schedule.Rate(options.Schedule, options.LearningRate, _step, Steps));
            using var noGrad = no_grad();
            lossSum.add_(loss.detach(), One);
            if (_step % LossCheckEvery == LossCheckEvery - 1)
            {
                CheckFinite(lossSum);
            }
        }

        private Tensor Backward(Tensor images, Tensor labels, ReadOnlySpan<int> indices)
        {
            if (hooks.Loss is not { } own)
            {
                return TrainingStep.Backward(model, images, labels, _bfloat16, _smoothing);
            }

            var batch = indices.ToArray();
            return TrainingStep.Backward(() => own(images, labels, batch), _bfloat16);
        }

        private Tensor Stamp(Tensor images, ReadOnlySpan<int> indices) =>
            hooks.Stamp is { } stamp ? stamp(images, indices) : images;

        private void CheckFinite(Tensor lossSum)
        {
            if (!double.IsFinite(lossSum.item<double>()))
            {
                throw new TrainingDivergedException(
                    _curve.Count + 1,
                    _step,
                    Schedule.Rate(options.Schedule, options.LearningRate, _step, Steps)
                );
            }
        }

        private void Resume(Optimizer optimizer, Tensor lossSum)
        {
            if (hooks.CheckpointFile is not { } file || !File.Exists(file))
            {
                return;
            }

            try
            {
                var state = TrainingState.Load(file, Tensors(optimizer));
                _step = state.Step;
                _curve.AddRange(state.Curve);
                lossSum.fill_(state.LossSum);
                run.Log($"Training resumes at step {_step} of {Steps}.");
            }
            catch (InvalidDataException error)
            {
                throw new InvalidOperationException($"{error.Message} Delete it to train from the start.", error);
            }
        }

        private void SaveIfDue(Optimizer optimizer, Tensor lossSum)
        {
            var cancelled = run.Cancellation.IsCancellationRequested;
            if (hooks.CheckpointFile is { } file && _step > 0 && (cancelled || _pace.IsDue))
            {
                _pace.Write(() =>
                    new TrainingState(_step, lossSum.item<double>(), _curve).Save(file, Tensors(optimizer))
                );
            }
        }

        private Dictionary<string, Tensor> Tensors(Optimizer optimizer) =>
            TrainingState.Tensors(model, optimizer, _lookahead);

        private int[] Order(SeedTree seeds)
        {
            var order = new int[data.Count];
            for (var i = 0; i < order.Length; i++)
            {
                order[i] = i;
            }

            seeds.Random().Shuffle(order);
            return order;
        }
    }
}
