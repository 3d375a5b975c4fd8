using System.CommandLine;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>The command line of the trigger inversion comparison and of its parts.</summary>
internal static class InversionCommands
{
    private static readonly Option<string> Folder = new("--folder")
    {
        Description = "Where the trained victims are kept.",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "backdoorlab-bench"),
    };

    private static readonly Option<int> Classes = new("--classes") { Description = "Classes of the victim.", DefaultValueFactory = _ => 10 };

    private static readonly Option<int> Updates = new("--updates") { Description = "Updates per class, one a round.", DefaultValueFactory = _ => 60 };

    private static readonly Option<int> Batch = new("--batch") { Description = "Images per update.", DefaultValueFactory = _ => 16 };

    private static readonly Option<InversionSchedule> Schedule = new("--schedule") { Description = "How our side shares out the updates." };

    /// <summary>The commands; <paramref name="threads"/> and <paramref name="rounds"/> are those of the root.</summary>
    public static IEnumerable<Command> All(Option<int> threads, Option<int> rounds)
    {
        var victim = new Command("inversion-victim", "Trains the victim and writes what the other side reads, one JSON line.") { Folder, Classes, Updates, Batch, threads };
        victim.SetAction(parsed => Console.WriteLine(InversionSide.Prepare(parsed.GetValue(Folder)!, Plan(parsed), parsed.GetValue(threads)).ToJson()));
        yield return victim;

        var search = new Command("inversion-search", "Neural Cleanse on our side alone, one JSON line.") { Folder, Classes, Updates, Batch, Schedule, threads };
        search.SetAction(parsed => Console.WriteLine(InversionSide.Measure(
            parsed.GetValue(Folder)!, Plan(parsed), parsed.GetValue(Schedule), parsed.GetValue(threads)).ToJson()));
        yield return search;

        var strip = new Command("strip", "STRIP at FP32 and INT8 static, one JSON line.") { Folder, threads, rounds };
        strip.SetAction(parsed => Console.WriteLine(StripSide.Measure(parsed.GetValue(Folder)!, parsed.GetValue(threads), parsed.GetValue(rounds)).ToJson()));
        yield return strip;
    }

    private static InversionPlan Plan(ParseResult parsed) => new(parsed.GetValue(Classes), parsed.GetValue(Updates), parsed.GetValue(Batch));
}
