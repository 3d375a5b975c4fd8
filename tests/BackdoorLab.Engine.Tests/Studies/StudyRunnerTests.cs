using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Engine.Tests.Experiments;

namespace BackdoorLab.Engine.Tests.Studies;

[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class StudyRunnerTests : IDisposable
{
    private static readonly StudySpec Study = new()
    {
        Name = "s",
        Paper = PublishedClaims.QuantizationBlindspots,
        Seeds = [1, 2],
        Experiment = Document(
            TinyRun.Spec with
            {
                Precisions = [new Float32(), new Int8Dynamic()],
                Defenses =
                [
                    new Strip { Overlays = 4, ThresholdImages = 20 },
                    new ReleasedStrip(),
                    new ReleasedNeuralCleanse(),
                ],
            }
        ),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("study").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_OfAStudy_GivesFindingsMadeFromWhatWasRecorded()
    {
        var report = StudySummary.Of(Study, Run(CancellationToken.None));

        var setting = Assert.Single(report.Settings);
        Assert.All(
            setting.Cells,
            cell => Assert.Equal((2, 2), (cell.Count(Victim.Backdoored), cell.Count(Victim.Benign)))
        );
        var strip = Assert.Single(report.Findings, finding => finding.Defense == "seed-strip");
        Assert.Equal(0, strip.Measured!.Value);
        Assert.Contains("cannot fire on any model", strip.Why, StringComparison.Ordinal);
        Assert.Contains("0.01 % of the multiply-adds run at this precision", strip.Why, StringComparison.Ordinal);
        Assert.Contains("STRIP itself finds", strip.Why, StringComparison.Ordinal);
        var inversion = Assert.Single(report.Findings, finding => finding.Defense == "seed-neural-cleanse");
        Assert.StartsWith(
            "On 4 of 4 models the rule cannot decide, which the released code counts as not flagged: the arithmetic that is deployed has no gradient",
            inversion.Why,
            StringComparison.Ordinal
        );
        Assert.Contains("; at FP32 the same rule flags", inversion.Why, StringComparison.Ordinal);
        Assert.All(report.Findings, finding => Assert.Matches(@"^[A-Z0-9].*[^.]\.$", finding.Why));
        Assert.All(report.Findings, finding => Assert.DoesNotContain(". ", finding.Why, StringComparison.Ordinal));
        Assert.Equal(
            new HashSet<string>
            {
                "poison",
                "train",
                "measure",
                "strip[overlays=4,thresholdImages=20]",
                "seed-strip",
                "seed-neural-cleanse",
            },
            [.. report.Seconds.Keys]
        );
    }

    [Fact]
    public void Run_CancelledInTheFirstRun_LeavesTheOthersNotRun()
    {
        using var stop = new CancellationTokenSource();
        var runs = Run(
            stop.Token,
            happened =>
            {
                if (happened is CellFinished)
                {
                    stop.Cancel();
                }
            }
        );

        var cell = StudySummary.Of(Study, runs).Settings.Single().Find("int8-dynamic", "seed-strip")!;

        Assert.All(cell.Outcomes, outcome => Assert.Equal(Outcome.NotRun, outcome.Outcome));
        Assert.Equal(4, cell.Outcomes.Count);
        Assert.DoesNotContain(Metric.DetectionRate.Id, cell.Values.Keys);
    }

    [Fact]
    public void Run_OfTwoAtOnce_RunsEveryExperimentOnceAndTwoOfThemTogether()
    {
        using var together = new Barrier(2);
        var ran = new ConcurrentBag<long>();
        var ends = new List<int>();

        var runs = new StudyRunner(
            (spec, _, _) =>
            {
                Assert.True(
                    spec.Seed > 2 || together.SignalAndWait(TimeSpan.FromSeconds(30)),
                    "The first two did not run at the same time."
                );
                ran.Add(spec.Seed);
                return new(
                    1,
                    RunEnding.Completed,
                    "",
                    spec,
                    new Dictionary<string, string>(),
                    [],
                    [new($"{spec.Seed}", "train", "", 1)],
                    [],
                    1
                );
            },
            atOnce: 2
        ).Run(
            Study with
            {
                Seeds = [1, 2, 3],
            },
            (_, _, _) => new Recorder(),
            (_, sofar) => ends.Add(sofar.Count(run => run.Stages.Count > 0)),
            CancellationToken.None
        );

        Assert.Equal([1, 2, 3], ran.Order());
        Assert.Equal([1, 2, 3], ends);
        Assert.All(runs, run => Assert.Equal($"{run.Spec.Seed}", Assert.Single(run.Stages).Key));
    }

    private IReadOnlyList<StudyRun> Run(CancellationToken cancellation, Action<ExperimentEvent>? on = null) =>
        new StudyRunner(new ExperimentRunner(new RunnerOptions("no data root", _folder, Threads: 1)).Run).Run(
            Study,
            (_, _, _) => new Recorder(on),
            (_, _) => { },
            cancellation
        );

    private static JsonObject Document(ExperimentSpec spec) => JsonNode.Parse(SpecJson.Write(spec))!.AsObject();
}
