using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Runs a spec: data, poison, make the models (train, or load from a file), then per precision and model measure and
/// defend. Every stage that the store already holds is taken from there, so running again resumes. Synchronous; one run
/// per process, since the random stream of libtorch is process-wide.
/// </summary>
public sealed class ExperimentRunner(RunnerOptions options)
{
    /// <summary>
    /// Runs to the end, to a failure or to cancellation; the last event is always <see cref="RunFinished"/>.
    /// </summary>
    /// <param name="spec">A valid spec.</param>
    /// <param name="observer">Receives every event on this thread.</param>
    /// <param name="cancellation">Checked at least once per batch.</param>
    /// <returns>
    /// Every planned cell with its outcome; those that were not reached are <see cref="Outcome.NotRun"/>.
    /// </returns>
    public ExperimentResult Run(ExperimentSpec spec, IExperimentObserver observer, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var events = new EventStream(observer, options.Time);
        var cells = new CellTable();
        List<string> remarks = [.. Remarks.Of(spec)];
        var (ending, error) = (RunEnding.Completed, "");
        IReadOnlyList<SpecFault> faults = [];
        try
        {
            TorchRuntime.Initialize(options.Threads);
            var data = spec.Dataset.Load(options.DataRoot, new SeedTree(spec.Seed).Child("data"));
            remarks.InsertRange(0, data.Remarks);
            Execute(spec, data, events, cells, remarks, cancellation);
            if (cells.AllNotRun)
            {
                (ending, error) = (RunEnding.Failed, cells.FirstReason);
            }
        }
        catch (OperationCanceledException)
        {
            ending = RunEnding.Cancelled;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            (ending, error) = (RunEnding.Failed, FullDisk.Is(failure) ? FullDisk.Words : failure.Message);
            faults = (failure as SpecException)?.Faults ?? [];
            events.Log("error", IsToldInWords(failure) ? failure.Message : failure.ToString());
        }

        cells.CompleteWith(
            ending == RunEnding.Cancelled
                ? "The run was cancelled before this cell."
                : $"The run ended before this cell. {error}".Trim()
        );
        var victims = VictimOutcome.Of(cells.Results, spec.Origin.KeepsBackdoorsOut);
        remarks.AddRange(victims.Select(victim => victim.Remark).Where(remark => remark.Length > 0));
        events.Emit(new RunFinished(ending, error, remarks) { Victims = victims });
        return new(
            ExperimentSpec.CurrentSchema,
            ending,
            error,
            spec,
            TorchRuntime.Describe(),
            cells.Results,
            events.Times,
            remarks,
            watch.Elapsed.TotalSeconds
        )
        {
            Data = events.Data,
            Poison = events.Poison,
            Faults = faults,
            Victims = victims,
        };
    }

    // What is wrong with files or settings is said by the message; where in the program it was noticed helps nobody.
    private static bool IsToldInWords(Exception failure) =>
        failure
            is DatasetException
                or SpecException
                or WeightFileException
                or NotApplicableException
                or TrainingDivergedException
        || FullDisk.Is(failure);

    private void Execute(
        ExperimentSpec spec,
        DatasetSplits data,
        EventStream events,
        CellTable cells,
        List<string> remarks,
        CancellationToken cancellation
    )
    {
        var store = new ArtifactStore(options.StoreFolder);
        var shape = ShapeOf(data);
        var paces = new ThroughputStore(store);
        var pace =
            paces.Find(spec, shape, options.Threads)
            ?? Throughput.Guess(
                spec.Model.Cost(shape).MultiplyAdds,
                options.Threads,
                Trainer.UsesBFloat16(spec.Training)
            );
        var plan = ExperimentPlan.Make(spec, data, pace, options.Threads);
        cells.Plan(plan.Cells.Select(cell => cell.Id));
        var inputs = ExperimentInputs.Prepare(spec, data);
        if (inputs.Achieved is { Remark.Length: > 0 } poison)
        {
            remarks.Add(poison.Remark);
        }

        events.Begin(plan, TorchRuntime.Describe(), inputs.Achieved);
        if (plan.Asset is { } wanted)
        {
            var asset = new AssetStages(
                spec,
                data.Train,
                data.FlipAllowed,
                shape,
                options.ModelFolder,
                store,
                events,
                cancellation
            ).Run(wanted);
            remarks.AddRange(asset.Remarks);
            inputs = ExperimentInputs.Prepare(spec, data, asset);
        }

        var stage = new StageContext(
            spec,
            inputs,
            shape,
            store,
            options.ModelFolder,
            options.Programs,
            events,
            cancellation
        );
        if (plan.Poison is { } gallery)
        {
            new PoisonStage(stage).Run(gallery);
        }

        using var models = new VictimModels(stage);
        foreach (var victim in plan.Victims)
        {
            if (models.Make(victim) is { } failure)
            {
                cells.Skip(victim.Victim, failure, events);
            }
        }

        remarks.AddRange(models.Remarks);
        paces.Save(spec, shape, options.Threads, models.MeasuredTrainImagesPerSecond, pace);
        var trained = new RobustModels(stage, models);
        foreach (var model in plan.Trained.Where(model => models.Has(model.Victim)))
        {
            trained.Make(model);
        }

        using var stages = new CellStages(stage, models, trained);
        foreach (var cell in plan.Cells.Where(cell => models.Has(cell.Id.Victim)))
        {
            cells.Set(stages.Run(cell));
            if (cells.Compare(cell.Id) is { } compared)
            {
                events.Emit(new CellFinished(compared));
            }
        }
    }

    private static Models.ClassifierShape ShapeOf(DatasetSplits data) =>
        new(data.Train.Channels, data.Train.Height, data.Train.Width, data.Train.Classes, data.Normalization);
}
