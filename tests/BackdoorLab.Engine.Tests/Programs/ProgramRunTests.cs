using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tests.Experiments;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Tests.Programs;

/// <summary>A check of the program of a file, from the file to its cells.</summary>
[Collection("torch")]
public sealed class ProgramRunTests : IDisposable
{
    // Ten numbers that tell something of a picture, so that a gradient reaches it: ten of the twelve means of its
    // quarters.
    private const string Quarters = "torch.slice(torch.flatten(torch.adaptive_avg_pool2d(x, [2, 2]), 1), 1, 0, 10, 1)";

    private readonly string _folder = Directory.CreateTempSubdirectory("program-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Check_OfAProgram_RunsWhatNeedsLogitsAndGradientsAlone()
    {
        var spec = Check(TinyProgram.Of(Quarters)) with
        {
            Precisions = [new Float32(), new Int8Static()],
            Defenses =
            [
                new NeuralCleanse { Rounds = 2, BatchSize = 16 },
                new GradientFreeNeuralCleanse
                {
                    Rounds = 2,
                    Pairs = 2,
                    BatchSize = 16,
                },
            ],
        };

        var result = TinyRun
            .Run(Path.Combine(_folder, "store"), spec, models: _folder, programs: new InThisProcess())
            .Result;

        Assert.Equal((RunEnding.Completed, ""), (result.Ending, result.Error));
        Assert.Equal(
            [
                Outcome.Value,
                Outcome.Value,
                Outcome.Value,
                Outcome.NotApplicable,
                Outcome.NotApplicable,
                Outcome.NotApplicable,
            ],
            result.Cells.Select(cell => cell.Outcome)
        );
        Assert.All(
            result.Cells.Skip(3),
            cell =>
                Assert.StartsWith(
                    "The model is the program of a TorchScript file",
                    cell.Reason,
                    StringComparison.Ordinal
                )
        );
        Assert.Contains("Gradients are true: the deployed arithmetic itself is differentiated.", result.Cells[1].Notes);
        Assert.Contains(
            result.Remarks,
            remark => remark.StartsWith("TorchScript: the file's own program is run", StringComparison.Ordinal)
        );
        Assert.Contains(result.Remarks, remark => remark.StartsWith("pixel scale: ", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Remarks, remark => remark.Contains("probabilities", StringComparison.Ordinal));
    }

    [Fact]
    public void Check_OfProbabilities_SaysSoAndGivesTheSameAgainWithoutTheFile()
    {
        var spec = Check(TinyProgram.Of($"torch.softmax({Quarters}, 1)"));
        var first = TinyRun
            .Run(Path.Combine(_folder, "store"), spec, models: _folder, programs: new InThisProcess())
            .Result;
        File.Delete(Path.Combine(_folder, spec.Suspect!.File));

        var second = TinyRun
            .Run(
                Path.Combine(_folder, "store"),
                spec with
                {
                    Defenses = [new NeuralCleanse { Rounds = 2, BatchSize = 16 }],
                },
                models: _folder,
                programs: new InThisProcess()
            )
            .Result;

        Assert.Contains("the program gives probabilities; their logarithm stands for its logits", first.Remarks);
        Assert.Equal(first.Remarks, second.Remarks.Where(first.Remarks.Contains));
        Assert.Equal((RunEnding.Completed, Outcome.Value), (second.Ending, second.Cells[1].Outcome));
    }

    [Fact]
    public void Check_OfAProgramForOtherClasses_DoesNotRun()
    {
        var result = TinyRun
            .Run(
                Path.Combine(_folder, "store"),
                Check(TinyProgram.Of("torch.mean(x, [2, 3])")),
                models: _folder,
                programs: new InThisProcess()
            )
            .Result;

        Assert.Equal(
            (
                RunEnding.Failed,
                "The program of the file has 3 outputs, the data set 10 classes: choose the data set it was trained for."
            ),
            (result.Ending, result.Error)
        );
    }

    [Fact]
    public void Check_WhereNoProgramsAreRun_SaysSo()
    {
        var result = TinyRun
            .Run(Path.Combine(_folder, "store"), Check(TinyProgram.Of(Quarters)), models: _folder)
            .Result;

        Assert.Equal(
            (RunEnding.Failed, "The model is the program of a TorchScript file, and programs are not run here."),
            (result.Ending, result.Error)
        );
    }

    [Fact]
    public void Spec_WithAProgramAndNoFile_IsRefused()
    {
        var trained = Faults(TinyRun.Spec with { Model = new FileProgram() });
        var entry = Faults(
            Check([1]) with
            {
                Suspect = new()
                {
                    File = "model.pt",
                    Sha256 = new string('a', 64),
                    Entry = "ema",
                },
            }
        );

        Assert.Contains(
            trained,
            fault =>
                fault is { Path: "model.id" }
                && fault.Message.Contains("'file-program' stands for the program", StringComparison.Ordinal)
        );
        Assert.Contains(entry, fault => fault.Path == "suspect.entry");
    }

    [Theory]
    [InlineData(true, 0.25f, 0.75f, 1f, 0f)]
    [InlineData(false, 0.25f, 0.7f, 1f, 0f)]
    [InlineData(false, 1.5f, -0.5f, 1f, 0f)]
    public void Rows_ThatSumToOneAndAreNeverNegative_AreProbabilities(bool are, params float[] rows) =>
        Assert.Equal(are, LoadedProgram.AreProbabilities(rows, 2));

    [Fact]
    public void Candidate_OfAProgram_IsAskedWhereWeightsFitNothing()
    {
        var spec = Check(TinyProgram.Of(Quarters));
        var path = Path.Combine(_folder, spec.Suspect!.File);
        using var file = WeightFile.Open(path);
        using var probe = new ProgramProbe(new InThisProcess(), path);

        var (asked, unasked) = (
            CheckCandidate.Try(file, new SyntheticSigns(), "", program: probe),
            CheckCandidate.Try(file, new SyntheticSigns(), "")
        );

        Assert.Equal(
            (true, typeof(FileProgram), 10),
            (asked.Fit.Fits, asked.Fit.Source.GetType(), asked.Shape.Classes)
        );
        Assert.False(unasked.Fit.Fits);
    }

    private static IReadOnlyList<SpecFault> Faults(ExperimentSpec spec) =>
        SpecJson.Read(JsonNode.Parse(SpecJson.Write(spec))).Faults;

    private ExperimentSpec Check(byte[] program)
    {
        var path = Path.Combine(_folder, "model.pt");
        File.WriteAllBytes(path, program);
        return TinyRun.Spec with
        {
            Attack = new UnknownAttack(),
            Model = new FileProgram(),
            Suspect = new() { File = "model.pt", Sha256 = CheckedModel.HashOf(path) },
            BenignTwin = false,
            Precisions = [new Float32()],
            Defenses = [],
        };
    }
}
