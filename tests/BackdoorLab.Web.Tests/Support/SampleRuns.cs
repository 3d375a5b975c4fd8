using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>Fills a database with runs that look like real ones, through the stores that the product uses.</summary>
public sealed class SampleRuns(IServiceProvider services, string artifactFolder)
{
    private const string Environment =
        "engine|0.1.0;torchSharp|0.107.0;dotnet|10.0.0;os|Linux;processor|Example CPU @ 2.6 GHz;cores|2;threads|2;bfloat16Instructions|yes";

    private readonly RunStore _store = services.GetRequiredService<RunStore>();
    private readonly RunLeases _leases = services.GetRequiredService<RunLeases>();
    private readonly RunRecording _recording = services.GetRequiredService<RunRecording>();

    private static readonly string[] Precisions = ["float32", "int8-dynamic", "int4-weight-only"];
    private static readonly string[] Defenses =
    [
        "neural-cleanse",
        "activation-clustering",
        "spectral-signatures",
        "strip",
        "fine-pruning",
    ];

    /// <summary>A finished run; <paramref name="shift"/> moves its numbers a little, as another seed would.</summary>
    public async Task<string> Finished(ExperimentSpec spec, double shift = 0)
    {
        var (id, run) = await Start(spec);
        await _recording.RecordAsync(
            id,
            run.Attempt,
            new RunChanges
            {
                Stages =
                [
                    .. Stages().Select((stage, i) => new StageChange(stage.Key, StageState.Done, i < 2, 3.5 + i)),
                ],
                Cells = [.. Keys().Select(key => Cell(key, shift))],
                Curve =
                [
                    .. Curve(Victim.Backdoored, spec.Training.Epochs, shift),
                    .. Curve(Victim.Benign, spec.Training.Epochs, -shift),
                ],
                Artifacts = await Pictures(),
                Log =
                [
                    Line("info", "GTSRB: 6,032 training images, 2,000 test images"),
                    Line("warning", "subset: results are not comparable with the full set"),
                    Line("info", "done"),
                ],
            }
        );
        await _leases.FinishAsync(
            id,
            "sample",
            new RunEnd(RunState.Succeeded)
            {
                Remarks =
                [
                    "n = 1: one training of each model",
                    "subset: 6,032 of 39,209 training images",
                    "short schedule: 6 epochs",
                ],
            }
        );
        return id;
    }

    /// <summary>A run in the middle of its work.</summary>
    public async Task<string> Running(ExperimentSpec spec)
    {
        var (id, run) = await Start(spec);
        await _recording.RecordAsync(
            id,
            run.Attempt,
            new RunChanges
            {
                Stages =
                [
                    new("key0", StageState.Done, true, 0.4),
                    new("key1", StageState.Done, false, 1.1),
                    new("key2", StageState.Running),
                ],
                Progress = new BackdoorLab.Data.Runs.RunProgress("Training the backdoored model", 0.34, 96),
                Curve = [.. Curve(Victim.Backdoored, spec.Training.Epochs, 0).Take(3)],
                Artifacts = await Pictures(),
                Log = [Line("info", "epoch 3 of 6: loss 0.41, CA 88.2 %, ASR 97.0 %")],
            }
        );
        return id;
    }

    /// <summary>A run that could not go on.</summary>
    public async Task<string> Failed(ExperimentSpec spec)
    {
        var (id, run) = await Start(spec);
        await _recording.RecordAsync(
            id,
            run.Attempt,
            new RunChanges
            {
                Stages = [new("key0", StageState.Done, false, 0.4), new("key2", StageState.Running)],
                Log = [Line("error", "loss is NaN after step 120 of epoch 1")],
            }
        );
        await _leases.FinishAsync(
            id,
            "sample",
            new RunEnd(
                RunState.Failed,
                "Training diverged: the loss is NaN after step 120 of epoch 1. Lower the learning rate (now 4)."
            )
        );
        return id;
    }

    /// <summary>A study of two runs that wait; returns its id.</summary>
    public async Task<string> Study()
    {
        var study = new StudySpec
        {
            Name = "two seeds",
            Seeds = [1, 2],
            Experiment = JsonNode.Parse(SpecJson.Write(Presets.Quick.Spec))!.AsObject(),
        };
        var runs = StudyPlan.Make(study).Experiments.Select(spec => RunContent.From(spec, 2, 60)).ToList();
        return (
            await services.GetRequiredService<StudyStore>().CreateAsync(study.Name, StudySpec.Write(study), runs)
        ).StudyId;
    }

    /// <summary>A run that waits.</summary>
    public async Task<string> Queued(ExperimentSpec spec) =>
        (await _store.SubmitAsync(RunContent.From(spec, 2, 180))).Id;

    private async Task<(string Id, RunRef Run)> Start(ExperimentSpec spec)
    {
        var run = await _store.SubmitAsync(RunContent.From(spec, 2, 150));
        var id = run.Id;
        await _leases.TryClaimAsync(id, run.Attempt, "sample", DateTime.UtcNow.AddMinutes(30));
        await _recording.RecordAsync(
            id,
            run.Attempt,
            new RunChanges
            {
                Plan = new RunPlan(
                    Stages(),
                    [.. Keys()],
                    Environment
                        .Split(';')
                        .Select(pair => pair.Split('|'))
                        .ToDictionary(pair => pair[0], pair => pair[1]),
                    150
                ),
            }
        );
        return (id, run);
    }

    private static IReadOnlyList<PlannedStage> Stages()
    {
        var titles = new List<(string Kind, string Title)>
        {
            ("data", "Data set"),
            ("poison", "Poisoning"),
            ("train", "Training the backdoored model"),
            ("train", "Training the benign twin"),
        };
        titles.AddRange(
            Keys()
                .Select(key =>
                    (
                        key.Defense is null ? "convert" : "defend",
                        $"{key.Defense ?? "Measuring"} at {key.Precision}, {key.Victim.ToString().ToLowerInvariant()} model"
                    )
                )
        );
        return [.. titles.Select((stage, i) => new PlannedStage("key" + i, stage.Kind, stage.Title, 4))];
    }

    private static IEnumerable<CellId> Keys() =>
        from victim in new[] { Victim.Backdoored, Victim.Benign }
        from precision in Precisions
        from defense in Defenses.Prepend(null)
        select new CellId(victim, precision, defense);

    private CellResult Cell(CellId key, double shift)
    {
        var coarse = Array.IndexOf(Precisions, key.Precision) * 0.07;
        var bad = key.Victim == Victim.Backdoored;
        CellResult Row(params Measurement[] rows) =>
            new()
            {
                Id = key,
                Outcome = Outcome.Value,
                Measurements = rows,
                Seconds = 4.2,
                Artifacts = Figures(key),
            };
        Measurement Share(string metric, double value, int count = 1800)
        {
            value = Math.Clamp(value + shift, 0, 1);
            return new(metric, value, count, Math.Max(0, value - 0.013), Math.Min(1, value + 0.013));
        }

        return key.Defense switch
        {
            null => Row(
                Share("clean-accuracy", 0.951 - coarse),
                Share("attack-success-rate", bad ? 0.987 - (coarse * 0.3) : 0.006),
                Share("robust-accuracy", bad ? 0.012 : 0.94),
                new("logit-divergence", coarse)
            ),
            "neural-cleanse" when key.Precision == "int8-dynamic" => new CellResult
            {
                Id = key,
                Outcome = Outcome.NotApplicable,
                Reason =
                    "The integer kernels have no gradient; straight-through gradients are switched off in this run.",
            },
            "neural-cleanse" => Row(
                new(bad ? "detection-rate" : "false-positive-rate", bad && coarse == 0 ? 1 : 0, 1),
                new("detector-score", bad ? 3.41 - (coarse * 12) : 1.2),
                new("detector-threshold", 2),
                new("index-ceiling", 4.2),
                new("smallest-norm", bad ? 11.2 : 41),
                new("target-label-hit", 1)
            ) with
            {
                Verdict = Verdict.Of(bad && coarse == 0, ("detector-threshold", 2)) with { Classes = [new(0, "")] },
                Notes = ["The index is decidable here: its ceiling is 4.2."],
            },
            "strip" when !bad && key.Precision == "int4-weight-only" => new CellResult
            {
                Id = key,
                Outcome = Outcome.Failed,
                Reason = "Entropy is NaN for 12 inputs.",
            },
            "fine-pruning" => Row(
                Share("attack-success-rate", bad ? 0.061 + coarse : 0.004),
                Share("clean-accuracy", 0.932 - coarse),
                new("defense-effectiveness", bad ? 0.95 : 0.49),
                new("pruned-share", 0.42)
            ),
            _ => Row(
                Share("sample-detection-rate", bad ? 0.93 - (coarse * 2) : 0),
                Share("sample-false-positive-rate", 0.041 + coarse),
                new("sample-auroc", bad ? 0.982 - coarse : 0.5)
            ),
        };
    }

    private ArtifactReference[] Figures(CellId key)
    {
        Figure figure = key.Defense switch
        {
            "neural-cleanse" => new BarFigure(
                "Norm of the reversed trigger per class",
                "class",
                "L1 norm",
                [.. Enumerable.Range(0, 10).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))],
                [new("norm", [.. Enumerable.Range(0, 10).Select(i => (double?)(i == 0 ? 11 : 38 + (i * 2.3)))])],
                20
            ),
            "activation-clustering" => new ScatterFigure(
                "Activations of class 0",
                "component 1",
                "component 2",
                [Cloud("clean", -1, 60), Cloud("poisoned", 1, 25)]
            ),
            "fine-pruning" => new LineFigure(
                "Pruning curve",
                "pruned share",
                "rate",
                [
                    new("CA", [0, 0.2, 0.4, 0.6], [0.95, 0.95, 0.93, 0.7]),
                    new("ASR", [0, 0.2, 0.4, 0.6], [0.98, 0.9, 0.1, 0.05]),
                ],
                0.42
            ),
            _ => new HistogramFigure(
                "Scores",
                "score",
                [
                    new("clean", [0, 0.5, 1, 1.5, 2], [120, 300, 80, 10]),
                    new("poisoned", [0, 0.5, 1, 1.5, 2], [0, 4, 40, 90]),
                ],
                1.2
            ),
        };
        if (key.Defense is null)
        {
            return [];
        }

        var stage = $"sample{key.Victim}{key.Precision}{key.Defense}"
            .Replace("-", "", StringComparison.Ordinal)
            .ToLowerInvariant();
        Write(stage, "figure-1.json", JsonSerializer.SerializeToUtf8Bytes(figure, SpecJson.Options));
        return [new(stage, "figure-1.json", "figure", figure.Title)];
    }

    private static Series Cloud(string name, double centre, int count) =>
        new(
            name,
            [.. Enumerable.Range(0, count).Select(i => centre + (Math.Sin(i * 12.9898) * 0.6))],
            [.. Enumerable.Range(0, count).Select(i => centre * 0.5 + (Math.Cos(i * 78.233) * 0.7))]
        );

    private async Task<ArtifactReference[]> Pictures()
    {
        var rows = new List<ArtifactReference>();
        foreach (
            var (name, title, tint) in new[]
            {
                ("clean.png", "Clean image", 40),
                ("poisoned.png", "With trigger", 60),
                ("residual.png", "Difference", 0),
                ("trigger.png", "Trigger", 200),
            }
        )
        {
            var pixels = new byte[32 * 32 * 3];
            for (var i = 0; i < pixels.Length; i++)
            {
                pixels[i] = (byte)((i / 96 * 3 + tint + (i % 3 * 30)) % 256);
            }

            Write("samplepictures", name, BackdoorLab.Engine.Datasets.ImageFiles.EncodePng(pixels, 32, 32, 3));
            rows.Add(new("samplepictures", name, "image", title));
        }

        await Task.CompletedTask;
        return [.. rows];
    }

    private void Write(string stage, string file, byte[] content)
    {
        var path = new ArtifactStore(artifactFolder).PathOf(stage, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private static IEnumerable<TrainingPoint> Curve(Victim victim, int epochs, double shift) =>
        Enumerable
            .Range(1, epochs)
            .Select(epoch => new TrainingPoint(
                victim,
                epoch,
                epochs,
                2.2 / epoch,
                Math.Min(0.955, 0.55 + (epoch * 0.075) + shift),
                victim == Victim.Benign ? 0.006 : Math.Min(0.99, 0.3 + (epoch * 0.2) + shift)
            ));

    private static LogEntry Line(string level, string text) => new(DateTime.UtcNow, level, text);
}
