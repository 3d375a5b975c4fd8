using BackdoorLab.Engine.Core;

namespace BackdoorLab.Fuzz;

/// <summary>
/// Tries inputs one after another in this process, so that a crash or a full memory ends this process alone. Says the
/// number of each input before it is tried and its outcome after, a line each.
/// </summary>
internal static class FuzzChild
{
    internal const string Begins = "try";
    internal const string Ends = "end";

    internal static int Run(string kind, int seed, int from, int count)
    {
        var work = Directory.CreateTempSubdirectory("fuzz-").FullName;
        try
        {
            var tried = FuzzKinds.Make(kind, Directory.CreateDirectory(Path.Combine(work, "own")).FullName);
            for (var number = from; number < from + count; number++)
            {
                var folder = Directory.CreateDirectory(Path.Combine(work, "input")).FullName;
                Say(Begins, number, folder);
                var outcome = FuzzKinds.Guarded(() =>
                    tried.Try(new SeedTree(seed).Child(kind).Child(number).Random(), folder)
                );
                Say(
                    Ends,
                    number,
                    outcome.Fault.Length > 0 ? outcome.Fault
                        : outcome.Refused ? "refused"
                        : "taken"
                );
                if (outcome.Fault.Length > 0)
                {
                    // The one who reads copies the folder before it says to go on.
                    Console.In.ReadLine();
                }

                Delete(folder);
            }

            return 0;
        }
        finally
        {
            Delete(work);
        }
    }

    private static void Say(string word, int number, string text)
    {
        Console.Out.WriteLine($"{word}\t{number}\t{text.ReplaceLineEndings(" ")}");
        Console.Out.Flush();
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
