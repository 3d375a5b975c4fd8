using BackdoorLab.Fuzz.Kinds;

namespace BackdoorLab.Fuzz;

/// <summary>What happened to an input.</summary>
/// <param name="Refused">Whether it was refused as it should be; false where it was good enough to be taken.</param>
/// <param name="Fault">What went wrong in the program, in one line; empty otherwise.</param>
internal sealed record Outcome(bool Refused, string Fault = "")
{
    /// <summary>It was read.</summary>
    internal static readonly Outcome Taken = new(false);

    /// <summary>It was refused by the exception that is meant for it.</summary>
    internal static readonly Outcome Declined = new(true);
}

/// <summary>A kind of input: makes good ones, damages them, and gives them to the program's own entry point.</summary>
internal interface IFuzzKind
{
    /// <summary>Tries one input.</summary>
    /// <param name="random">Decides everything about it.</param>
    /// <param name="folder">An empty folder; what is in it at a fault is kept.</param>
    Outcome Try(Random random, string folder);
}

/// <summary>A kind whose input is one file, which can also be somebody's own.</summary>
internal interface IFuzzFileKind : IFuzzKind
{
    /// <summary>Gives the program a file as it is.</summary>
    Outcome Read(string path);
}

/// <summary>All kinds by name.</summary>
internal static class FuzzKinds
{
    private static readonly Dictionary<string, Func<string, IFuzzKind>> Makers = new(StringComparer.Ordinal)
    {
        ["spec"] = _ => DocumentKind.Specs,
        ["study"] = _ => DocumentKind.Studies,
        ["data"] = _ => new DataKind(),
        ["checkpoint"] = _ => new CheckpointKind(),
        ["bundle"] = folder => new BundleKind(folder),
        ["command"] = _ => new CommandKind(),
    };

    /// <summary>Names.</summary>
    internal static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <summary>Makes one with a folder of its own for what it needs.</summary>
    internal static IFuzzKind Make(string name, string folder) => Makers[name](folder);

    /// <summary>
    /// Gives the program files as they are and prints what becomes of each; 0 where each is taken or refused.
    /// </summary>
    internal static int Read(string name, IReadOnlyList<FileInfo> files)
    {
        var own = Directory.CreateTempSubdirectory("fuzz-").FullName;
        try
        {
            var kind =
                Make(name, own) as IFuzzFileKind
                ?? throw new ArgumentException($"An input of '{name}' is more than a file.");
            var outcomes = files.Select(file => (file.Name, Outcome: Guarded(() => kind.Read(file.FullName)))).ToList();
            outcomes.ForEach(one =>
                Console.WriteLine(
                    $"{one.Name}: {(one.Outcome.Fault.Length > 0 ? one.Outcome.Fault : one.Outcome.Refused ? "refused" : "taken")}"
                )
            );
            return outcomes.All(one => one.Outcome.Fault.Length == 0) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(own, recursive: true);
        }
    }

    /// <summary>An exception that is not meant for the input is a fault, told in one line.</summary>
    internal static Outcome Guarded(Func<Outcome> attempt)
    {
        try
        {
            return attempt();
        }
        catch (Exception error)
        {
            var place = error
                .StackTrace?.Split('\n')
                .Select(line => line.Trim())
                .FirstOrDefault(line => line.StartsWith("at BackdoorLab", StringComparison.Ordinal));
            return new(
                false,
                $"{error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")[..Math.Min(200, error.Message.Length)]} {place}"
            );
        }
    }

    /// <summary>Share of the inputs of a run; whole processes are slow.</summary>
    internal static double Share(string name) => name == "command" ? 0.02 : 1;
}
