using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Tests.Programs;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Tests.Jobs;

/// <summary>What the program of a stranger can do to this machine, by the process that really runs it.</summary>
[Trait("Category", "Slow")]
public sealed class ProgramLauncherTests : IDisposable
{
    private const string Means = "torch.mean(x, [2, 3])";

    private readonly string _folder = Directory.CreateTempSubdirectory("programs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void Program_OfAFile_GivesItsLogits()
    {
        Assert.Equal((3, ""), Ask(TinyProgram.Of(Means)));
        Assert.Equal(
            (0, "gives several values, not one tensor of logits: save one that returns its logits alone"),
            Shortened(Ask(TinyProgram.Of("(x, x)", "Tuple[Tensor, Tensor]")))
        );
    }

    [SkippableTheory]
    [InlineData("torch.save(x, \"{0}\")")]
    [InlineData("t = torch.from_file(\"{0}\", True, 8)\n_0 = torch.add_(t, 1)")]
    public void Program_ThatWritesAFile_LeavesItAsItWas(string line)
    {
        var there = Path.Combine(_folder, "there");
        File.WriteAllBytes(there, new byte[32]);
        var nowhere = Path.Combine(_folder, "nowhere");

        foreach (var path in (string[])[there, nowhere])
        {
            Ask(TinyProgram.Lines($"{line.Replace("{0}", path, StringComparison.Ordinal)}\nreturn {Means}"));
        }

        Assert.Equal(new byte[32], File.ReadAllBytes(there));
        Assert.False(File.Exists(nowhere));
    }

    [SkippableFact]
    public void Program_ThatWantsMoreMemoryThanIsAllowed_IsToldInWordsAndGoesOn()
    {
        var (_, fault) = Ask(TinyProgram.Of($"torch.add(torch.sum(torch.ones([4294967296])), {Means})"));

        Assert.Contains("can't allocate memory", fault, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Program_ThatNeverEnds_IsEnded()
    {
        var (_, fault) = Ask(
            TinyProgram.Lines(
                $"i = 0\nwhile torch.ge(i, 0):\n  i = torch.remainder(torch.add(i, 1), 7)\nreturn {Means}"
            ),
            seconds: 3
        );

        Assert.Contains("It gave no answer within 3 seconds", fault, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Program_ThatIsNone_IsRefusedInWords()
    {
        foreach (var line in (string[])["return torch.no_such_thing(x)", "this is no program"])
        {
            Assert.NotEmpty(Ask(TinyProgram.Lines(line)).Fault);
        }
    }

    // Two grey images of 4 x 4 pixels in colour.
    private (int Outputs, string Fault) Ask(byte[] program, int seconds = 60)
    {
        Skip.IfNot(ProcessLimits.HasReadOnly, "Programs are run on 64-bit Linux alone.");
        var path = Path.Combine(_folder, "model.pt");
        File.WriteAllBytes(path, program);
        try
        {
            using var probe = new ProgramProbe(new ProgramLauncher(threads: 1, seconds), path);
            var fit = probe.Fit(new(3, 4, 4, 3, 0, 0), "three");
            return (fit.Outputs ?? (fit.Fits ? 3 : 0), fit.Fault);
        }
        catch (WeightFileException refused)
        {
            return (0, refused.Message);
        }
    }

    private static (int Outputs, string Fault) Shortened((int Outputs, string Fault) answer) =>
        (
            answer.Outputs,
            answer.Fault.Replace("The program of the file ", "", StringComparison.Ordinal).Split(", asked")[0]
        );
}
