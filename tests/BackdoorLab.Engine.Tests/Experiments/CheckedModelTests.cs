using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>A model from a file, of which nothing is known.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class CheckedModelTests : IDisposable
{
    private static readonly ExperimentSpec Check = TinyRun.Spec with
    {
        Attack = new UnknownAttack(),
        Suspect = new() { File = "model.safetensors", Sha256 = new string('a', 64) },
        BenignTwin = false,
        Precisions = [new Float32()],
        Defenses = [new NeuralCleanse { Rounds = 10, BatchSize = 16 }],
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("suspect-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_OfATrainedModelFromItsFile_HasItsAccuracyAndAVerdict()
    {
        var trained = TinyRun
            .Run(
                Path.Combine(_folder, "first"),
                TinyRun.Spec with
                {
                    Precisions = [new Float32()],
                    Defenses = [],
                    BenignTwin = false,
                }
            )
            .Result;
        var spec = Check with { Suspect = Placed("first") };

        var (result, events) = TinyRun.Run(Path.Combine(_folder, "second"), spec, models: _folder);

        Assert.Equal((RunEnding.Completed, ""), (result.Ending, result.Error));
        Assert.All(result.Cells, cell => Assert.Equal((Victim.Suspect, Outcome.Value), (cell.Id.Victim, cell.Outcome)));
        var (undefended, detected) = (result.Cells[0], result.Cells[1]);
        Assert.Equal(Value(trained.Cells[0], Metric.CleanAccuracy), Value(undefended, Metric.CleanAccuracy));
        Assert.DoesNotContain(
            undefended.Measurements,
            row => row.Metric == Metric.AttackSuccessRate.Id || row.Metric == Metric.RobustAccuracy.Id
        );
        Assert.Equal(
            detected.Verdict!.Decision switch
            {
                Decision.Flagged => 1,
                Decision.NotFlagged => 0,
                _ => null,
            },
            Value(detected, Metric.Flagged)
        );
        Assert.NotNull(Value(detected, Metric.DetectorScore));
        Assert.DoesNotContain(
            detected.Measurements,
            row =>
                row.Metric == Metric.DetectionRate.Id
                || row.Metric == Metric.FalsePositiveRate.Id
                || row.Metric == Metric.OverheadRatio.Id
        );
        Assert.NotEmpty(detected.Verdict.Classes);
        Assert.Null(undefended.Verdict);
        Assert.Equal(
            Value(undefended, Metric.CleanAccuracy) < CheckedModel.LowAccuracy,
            detected.Verdict.Reason == UndecidedReason.LowAccuracy
        );
        Assert.Equal(FigureKind.ReversedTriggers, detected.Artifacts[0].Kind);
        Assert.Equal(["load", "convert", "defend"], result.Stages.Select(stage => stage.Kind));
        Assert.Contains(
            result.Remarks,
            remark => remark.StartsWith("pixel scale: as the file says", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(result.Remarks, remark => remark.Contains("short schedule", StringComparison.Ordinal));
        Assert.DoesNotContain(
            events.Events.OfType<RunStarted>().Single().Stages,
            stage =>
                stage.Title.Contains("backdoored", StringComparison.Ordinal)
                || stage.Title.Contains("twin", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Run_Again_TakesTheModelFromTheStoreAndNeedsNoFile()
    {
        TinyRun.Run(
            Path.Combine(_folder, "first"),
            TinyRun.Spec with
            {
                Precisions = [new Float32()],
                Defenses = [],
                BenignTwin = false,
            }
        );
        var spec = Check with { Suspect = Placed("first"), Defenses = [] };
        var store = Path.Combine(_folder, "second");
        var first = TinyRun.Run(store, spec, models: _folder).Result;
        File.Delete(Path.Combine(_folder, spec.Suspect.File));

        var (second, _) = TinyRun.Run(
            store,
            spec with
            {
                Precisions = [new Float32(), new Int4WeightOnly()],
            },
            models: _folder
        );
        var elsewhere = TinyRun.Run(Path.Combine(_folder, "third"), spec, models: _folder).Result;

        Assert.Equal(RunEnding.Completed, second.Ending);
        Assert.Equal(first.Remarks, second.Remarks);
        Assert.Equal(RunEnding.Failed, elsewhere.Ending);
        Assert.Contains("Choose it again on the page Check my model", elsewhere.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfAFileThatWasExchanged_DoesNotRun()
    {
        TinyRun.Run(
            Path.Combine(_folder, "first"),
            TinyRun.Spec with
            {
                Precisions = [new Float32()],
                Defenses = [],
                BenignTwin = false,
            }
        );
        var suspect = Placed("first") with { Sha256 = new string('b', 64) };

        Assert.Contains(
            "has changed",
            TinyRun
                .Run(Path.Combine(_folder, "second"), Check with { Suspect = suspect }, models: _folder)
                .Result.Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Run_WithAWrongPixelScale_SaysWhy()
    {
        // Two epochs are little; that the model is right on less than half of the images is what is wanted here.
        TinyRun.Run(
            Path.Combine(_folder, "first"),
            TinyRun.Spec with
            {
                Precisions = [new Float32()],
                Defenses = [],
                BenignTwin = false,
                Training = TinyRun.Spec.Training with { Epochs = 1 },
            }
        );
        var spec = Check with { Suspect = Placed("first") with { Pixels = PixelScale.Half }, Defenses = [] };

        var remarks = TinyRun.Run(Path.Combine(_folder, "second"), spec, models: _folder).Result.Remarks;

        Assert.Contains(
            remarks,
            remark => remark.StartsWith("pixel scale: mean and standard deviation 0.5", StringComparison.Ordinal)
        );
        Assert.Contains(remarks, remark => remark.Contains("at least 50 % are asked for", StringComparison.Ordinal));
    }

    [Fact]
    public void Scorer_WithoutTruth_RecordsTheVerdictAndJudgesNothing()
    {
        var truth = new BackdoorTruth { IsBackdoored = null, ClassNames = ["stop", "yield", "go"] };
        var verdict = new ModelVerdict
        {
            Verdict = Verdict.Of(true),
            Score = 2.5,
            Threshold = 2,
            SuspectedLabels = [2, 0],
            TopLabel = 2,
        };

        var flagged = ModelDetectorScorer.Score(verdict, truth);
        var quiet = ModelDetectorScorer.Score(
            verdict with
            {
                Verdict = Verdict.Of(false),
                SuspectedLabels = [],
            },
            truth
        );
        var doubted = ModelDetectorScorer.Score(verdict, truth with { Doubt = CheckedModel.Doubt(0.409) });

        Assert.Equal(
            [("flagged", 1.0), ("suspected-labels", 2), ("detector-score", 2.5), ("detector-threshold", 2)],
            flagged.Measurements.Select(row => (row.Metric, row.Value))
        );
        Assert.Equal("Flagged: class 'go' (label 2), class 'stop' (label 0).", VerdictWords.Sentence(flagged.Verdict!));
        Assert.Equal(0, quiet.Measurements[0].Value);
        Assert.Equal("Not flagged; most conspicuous: class 'go' (label 2).", VerdictWords.Sentence(quiet.Verdict!));
        Assert.Equal(
            (Decision.NotDecidable, UndecidedReason.LowAccuracy, 0.409),
            (doubted.Verdict!.Decision, doubted.Verdict.Reason, doubted.Verdict.Figures["clean-accuracy"])
        );
        Assert.DoesNotContain(doubted.Measurements, row => row.Metric == "flagged");
        Assert.Throws<InvalidOperationException>(() =>
            SampleDetectorScorer.Score(
                new SampleVerdict
                {
                    Scores = [1],
                    Flagged = [true],
                    ScoreName = "score",
                },
                truth,
                new SeedTree(1).Random()
            )
        );
    }

    [Fact]
    public void Doubt_AtTheLimit_IsNone()
    {
        Assert.Null(CheckedModel.Doubt(0.5));
        Assert.Equal(UndecidedReason.LowAccuracy, CheckedModel.Doubt(0.4999)!.Reason);
    }

    [Fact]
    public void Answer_OfSeveralDetectors_IsTheStrongestThatCouldBeGiven()
    {
        var (flagged, quiet, silent) = (
            Verdict.Of(true),
            Verdict.Of(false),
            Verdict.NotDecidable(UndecidedReason.NormCeiling)
        );

        Assert.Same(flagged, CheckedModel.Answer([silent, quiet, flagged], 0.9));
        Assert.Same(quiet, CheckedModel.Answer([silent, quiet], 0.9));
        Assert.Same(silent, CheckedModel.Answer([silent], 0.9));
        Assert.Equal(UndecidedReason.NoDetector, CheckedModel.Answer([], 0.9).Reason);
        Assert.Equal(UndecidedReason.LowAccuracy, CheckedModel.Answer([], 0.4).Reason);
    }

    [Fact]
    public void Spec_OfACheck_SurvivesJsonAndHasNoFault()
    {
        Assert.Equal(SpecJson.Write(Check), SpecJson.Write(SpecJson.Parse(SpecJson.Write(Check))));
        Assert.DoesNotContain("suspect", SpecJson.Write(TinyRun.Spec), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("suspect.file", "")]
    [InlineData("suspect.file", "model\u0000.pth")]
    [InlineData("suspect.file", "model\u202egnp.pth")]
    [InlineData("suspect.file", "../model.pth")]
    [InlineData("suspect.file", "a\\model.pth")]
    [InlineData("suspect.sha256", "abc")]
    [InlineData("suspect.pixels", "seven")]
    [InlineData("suspect.path", "x")]
    public void Spec_WithAWrongFile_IsRefused(string path, string value)
    {
        var document = JsonNode.Parse(SpecJson.Write(Check))!;
        document["suspect"]![path.Split('.')[1]] = value;

        Assert.Contains(SpecJson.Read(document).Faults, fault => fault.Path == path);
    }

    [Theory]
    [InlineData("/home/me/model_best.pth.tar", "model_best.pth.tar")]
    [InlineData("C:\\models\\net.ckpt", "net.ckpt")]
    [InlineData("a model without an ending", "a model without an ending")]
    [InlineData("mo\u202edel\u0000.pth\n", "model.pth")]
    [InlineData("", "model")]
    public void File_OfAnyName_HasAName(string path, string name)
    {
        Assert.Equal(name, CheckedModel.NameOf(path));
        Assert.Empty(Faults(Check with { Suspect = Check.Suspect! with { File = name } }));
    }

    [Fact]
    public void File_OfAVeryLongName_KeepsItsBeginningAndItsEnd()
    {
        var name = CheckedModel.NameOf(new string('a', 900_000) + "-last.pth.tar");

        Assert.InRange(name.Length, 50, 160);
        Assert.EndsWith("a-last.pth.tar", name, StringComparison.Ordinal);
        Assert.Equal(name, CheckedModel.NameOf(name));
    }

    [Theory]
    [InlineData("model.pth", ".pth")]
    [InlineData("model_best.pth.tar", ".tar")]
    [InlineData("model", "")]
    [InlineData("model.an ending", "")]
    public void File_IsKeptByItsContentAndAHarmlessEnding(string name, string ending) =>
        Assert.Equal(new string('a', 64) + ending, (Check.Suspect! with { File = name }).StoredName);

    [Fact]
    public void Spec_OfACheck_AllowsNothingThatNeedsATraining()
    {
        Assert.Equal(["attack"], Faults(Check with { Attack = new BadNets() }));
        Assert.Equal(["attack"], Faults(Check with { Attack = new UnknownAttack { PoisonRate = 0.1 } }));
        Assert.Equal(["benignTwin"], Faults(Check with { BenignTwin = true }));
        Assert.Contains("federation", Faults(Check with { Federation = new() }));
        Assert.Equal(["defenses[1]"], Faults(Check with { Defenses = [new NeuralCleanse(), new Strip()] }));
        Assert.Equal(["attack.id"], Faults(Check with { Suspect = null }));
    }

    [Fact]
    public void Attack_OfWhichNothingIsKnown_IsOfferedNowhere()
    {
        Assert.Contains(MethodCatalog.Default.Of<Attack>(), method => method.Id == "unknown");
        Assert.DoesNotContain(MethodCatalog.Default.Offered(typeof(Attack)), method => method.Id == "unknown");
        Assert.DoesNotContain(MethodCatalog.Default.Listed, method => method.Id == "unknown");
        var fault = SpecJson
            .Read(
                JsonNode.Parse(SpecJson.Write(TinyRun.Spec).Replace("\"badnets\"", "\"bad\"", StringComparison.Ordinal))
            )
            .Faults.Single();
        Assert.DoesNotContain("unknown,", fault.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Faults(ExperimentSpec spec) =>
        SpecJson.Read(JsonNode.Parse(SpecJson.Write(spec))).Faults.Select(fault => fault.Path);

    private static double? Value(CellResult cell, Metric metric) =>
        cell.Measurements.FirstOrDefault(row => row.Metric == metric.Id)?.Value;

    /// <summary>Puts the weights that a run has stored where files of models lie.</summary>
    private CheckedModel Placed(string store)
    {
        var weights = Directory
            .EnumerateFiles(Path.Combine(_folder, store), "weights.safetensors", SearchOption.AllDirectories)
            .Single();
        File.Copy(weights, Path.Combine(_folder, "model.safetensors"), overwrite: true);
        return new()
        {
            File = "model.safetensors",
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(weights))),
        };
    }
}
