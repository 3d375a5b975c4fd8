using System.Text.Json;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>A real experiment that takes about a second, and its observer.</summary>
internal static class TinyRun
{
    internal static ExperimentSpec Spec { get; } =
        new()
        {
            Name = "tiny",
            Dataset = new SyntheticSigns
            {
                Classes = 10,
                TrainCount = 300,
                TestCount = 200,
            },
            Model = new ResNet8(),
            Attack = new BadNets { PoisonRate = 0.1 },
            Training = new TrainOptions
            {
                Epochs = 2,
                BatchSize = 32,
                Precision = TrainingPrecision.Float32,
            },
            Precisions = [new Float32(), new Int4WeightOnly()],
            Defenses = [new ActivationClustering(), new SpectralSignatures()],
            CleanHoldout = 60,
        };

    internal static (ExperimentResult Result, Recorder Events) Run(
        string store,
        ExperimentSpec? spec = null,
        CancellationToken cancellation = default,
        Action<ExperimentEvent>? on = null,
        string models = "",
        IProgramLauncher? programs = null
    )
    {
        var recorder = new Recorder(on);
        var result = new ExperimentRunner(
            new RunnerOptions("no data root", store, Threads: 1) { ModelFolder = models, Programs = programs }
        ).Run(spec ?? Spec, recorder, cancellation);
        return (result, recorder);
    }

    /// <summary>Everything of a result that must be equal between equal runs: no times.</summary>
    internal static string Numbers(ExperimentResult result) =>
        JsonSerializer.Serialize(
            result.Cells.Select(cell => new
            {
                cell.Id,
                cell.Outcome,
                Measurements = cell.Measurements.Where(measurement =>
                    !measurement.Metric.StartsWith("overhead", StringComparison.Ordinal)
                    && !measurement.Metric.StartsWith("milliseconds", StringComparison.Ordinal)
                ),
            }),
            SpecJson.Options
        );
}

/// <summary>Keeps every event.</summary>
internal sealed class Recorder(Action<ExperimentEvent>? on = null) : IExperimentObserver
{
    internal List<ExperimentEvent> Events { get; } = [];

    public void On(ExperimentEvent happened)
    {
        Events.Add(happened);
        on?.Invoke(happened);
    }
}
