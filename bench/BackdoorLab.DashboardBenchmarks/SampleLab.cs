using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.DashboardBenchmarks;

/// <summary>
/// Fills a lab with made-up finished runs, to measure the dashboard on: 4 data sets x 4 networks x 16 attacks x 5
/// poison rates, each with as many seeds as it takes; 25 numbers a run, over 16 defenses. The same number of runs gives
/// the same database.
/// </summary>
internal sealed class SampleLab(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Numbers of each run.</summary>
    public const int Metrics = 25;

    private const int Batch = 2000;

    private static readonly string[] Datasets = ["cifar10", "gtsrb", "mnist", "fashion-mnist"];
    private static readonly string[] Models = ["res-net8", "res-net18", "res-net9", "small-conv-net"];
    private static readonly double[] Rates = [0.1, 0.05, 0.01, 0.005, 0.001];
    private static readonly string[] People = ["anna", "ben", "cora", "dan", "eva", "finn"];
    private static readonly string[] Words =
    [
        "paper",
        "camera-ready",
        "check",
        "baseline",
        "rebuttal",
        "old",
        "pilot",
        "ablation",
    ];
    private static readonly string[] Real =
    [
        "neural-cleanse",
        "activation-clustering",
        "spectral-signatures",
        "strip",
        "fine-pruning",
    ];
    private static readonly string[] Attacks =
    [
        .. Enumerable
            .Range(0, 16)
            .Select(i =>
                i switch
                {
                    0 => "badnets",
                    1 => "blended",
                    2 => "sinusoidal",
                    _ => Numbered("attack", i),
                }
            ),
    ];
    private static readonly string[] Defenses =
    [
        .. Enumerable.Range(0, 16).Select(i => i < Real.Length ? Real[i] : Numbered("defense", i)),
    ];

    private static readonly DateTime Begin = new(2026, 1, 1, 8, 0, 0, DateTimeKind.Utc);

    /// <summary>The spec of every run, of the length of a real one.</summary>
    private static readonly string Spec = "{\"schema\":1,\"filler\":\"" + new string('s', 2400) + "\"}";

    /// <summary>Adds runs until there are so many.</summary>
    /// <param name="runs">How many there shall be.</param>
    /// <param name="progress">Told the number so far.</param>
    public async Task Fill(int runs, Action<int> progress)
    {
        await using (var context = await contexts.CreateDbContextAsync())
        {
            var present = await context.Runs.CountAsync();
            for (var start = present; start < runs; start += Batch)
            {
                await using var part = await contexts.CreateDbContextAsync();
                part.ChangeTracker.AutoDetectChangesEnabled = false;
                for (var index = start; index < Math.Min(runs, start + Batch); index++)
                {
                    Add(part, index);
                }

                await part.SaveChangesAsync();
                progress(Math.Min(runs, start + Batch));
            }

            await context.Database.ExecuteSqlRawAsync("ANALYZE");
        }
    }

    /// <summary>Adds runs that wait, in a paused study's manner: the dashboard shows them and starts none.</summary>
    /// <param name="runs">How many.</param>
    public async Task Queue(int runs)
    {
        await using var context = await contexts.CreateDbContextAsync();
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        for (var index = 0; index < runs; index++)
        {
            var created = Begin.AddSeconds(index);
            context.Runs.Add(
                new Run
                {
                    Id = Id(index),
                    Name = string.Create(
                        CultureInfo.InvariantCulture,
                        $"sweep {index / 1280} {Attacks[index % 16]} on {Datasets[index % 4]}, seed {index / 64}"
                    ),
                    State = RunState.Queued,
                    Held = true,
                    ConfigHash = string.Create(CultureInfo.InvariantCulture, $"{index:x32}"),
                    ConditionKey = string.Create(CultureInfo.InvariantCulture, $"{index:x16}"),
                    Seed = index / 64,
                    Dataset = Datasets[index % 4],
                    Model = Models[index / 4 % 4],
                    Attack = Attacks[index % 16],
                    PoisonRate = Rates[index % 5],
                    TargetLabel = 1,
                    Created = created,
                    Queued = created,
                    MaxAttempts = 2,
                    EstimatedSeconds = 600,
                }
            );
            context.RunTexts.Add(
                new RunText
                {
                    RunId = Id(index),
                    SpecJson = Spec,
                    EnvironmentJson = "{}",
                }
            );
        }

        await context.SaveChangesAsync();
    }

    private static void Add(LabDbContext context, int index)
    {
        var setting = index % (4 * 4 * 16 * 5);
        var random = new BackdoorLab.Engine.Core.SeedTree(index).Random();
        var (dataset, model, attack, rate) = (setting % 4, setting / 4 % 4, setting / 16 % 16, setting / 256 % 5);
        var failed = random.Next(100) < 4;
        var created = Begin.AddMinutes(3 * index);
        var (accuracy, success) = (0.7 + (0.25 * random.NextDouble()), 0.5 + (0.5 * random.NextDouble()));
        var id = Id(index);
        context.Runs.Add(
            new Run
            {
                Id = id,
                Name = string.Create(
                    CultureInfo.InvariantCulture,
                    $"sweep {index / 1280 % 100} {Attacks[attack]} on {Datasets[dataset]}"
                ),
                State = failed
                    ? index % 2 == 0
                        ? RunState.Failed
                        : RunState.Cancelled
                    : RunState.Succeeded,
                ConfigHash = string.Create(CultureInfo.InvariantCulture, $"{setting:x8}{setting * 7919:x24}"),
                ConditionKey = string.Create(CultureInfo.InvariantCulture, $"{setting:x16}"),
                Seed = index / 1280,
                Dataset = Datasets[dataset],
                Model = Models[model],
                Attack = Attacks[attack],
                PoisonRate = Rates[rate],
                TargetLabel = 1,
                Created = created,
                Queued = created,
                Started = created.AddMinutes(1),
                Ended = created.AddMinutes(1 + random.Next(60)),
                Attempt = 1,
                MaxAttempts = 2,
                ElapsedSeconds = random.Next(60, 3600),
                CleanAccuracy = failed ? null : accuracy,
                AttackSuccessRate = failed ? null : success,
                Owner = People[random.Next(People.Length)],
                Archived = random.Next(20) == 0,
                Error = failed ? "made up" : "",
            }
        );
        context.RunTexts.Add(
            new RunText
            {
                RunId = id,
                SpecJson = Spec,
                EnvironmentJson = "{\"engine\":\"0.1.0\"}",
            }
        );
        foreach (var word in Words.Where(_ => random.Next(20) == 0))
        {
            context.RunTags.Add(new RunTag { RunId = id, Tag = word });
        }

        if (failed)
        {
            return;
        }

        for (var epoch = 1; epoch <= 20; epoch++)
        {
            context.CurvePoints.Add(
                new CurvePoint
                {
                    RunId = id,
                    Victim = Victim.Backdoored,
                    Epoch = epoch,
                    Epochs = 20,
                    Loss = 2.3 / epoch,
                    CleanAccuracy = accuracy * epoch / 20,
                    AttackSuccessRate = success * Math.Min(1, epoch / 10.0),
                }
            );
        }

        Cell(
            "",
            Victim.Backdoored,
            ("clean-accuracy", accuracy),
            ("attack-success-rate", success),
            ("robust-accuracy", 1 - success)
        );
        Cell("", Victim.Benign, ("clean-accuracy", accuracy + 0.01));
        for (var k = 0; k < 10; k++)
        {
            var defense = ((index / 1280 * 5) + k) % Defenses.Length;
            var detects = defense is > 0 and < 4;
            Cell(
                Defenses[defense],
                Victim.Backdoored,
                (detects ? "detection-rate" : "attack-success-rate", success * random.NextDouble()),
                (detects ? "sample-auroc" : "clean-accuracy", accuracy * (0.9 + (0.1 * random.NextDouble())))
            );
        }

        Cell(
            Defenses[index / 1280 * 5 % Defenses.Length],
            Victim.Benign,
            ("false-positive-rate", random.NextDouble() / 5)
        );

        void Cell(string defense, Victim victim, params (string Metric, double Value)[] numbers)
        {
            context.Cells.Add(
                new Cell
                {
                    RunId = id,
                    Victim = victim,
                    Precision = KnownLabels.ReferencePrecision,
                    Defense = defense,
                    Outcome = Outcome.Value,
                    Seconds = 12,
                }
            );
            context.Measurements.AddRange(
                numbers.Select(number => new CellNumber
                {
                    RunId = id,
                    Victim = victim,
                    Precision = KnownLabels.ReferencePrecision,
                    Defense = defense,
                    Metric = number.Metric,
                    Value = number.Value,
                    Count = 1000,
                    Low = number.Value - 0.02,
                    High = number.Value + 0.02,
                })
            );
        }
    }

    // The form of a run's id; spread over the alphabet, since real ids arrive in no order.
    private static string Id(int index)
    {
        const string alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
        var bits = (ulong)index * 0x9E3779B97F4A7C15UL;
        return string.Create(
            RunIds.Length,
            bits,
            (text, value) =>
            {
                for (var i = 0; i < text.Length; i++)
                {
                    text[i] = alphabet[(int)((value >> (4 + (5 * i))) & 31)];
                }
            }
        );
    }

    private static string Numbered(string kind, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}-{number:00}");
}
