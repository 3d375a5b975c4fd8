using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>
/// The program itself on damaged input, as a person starts it: an exit code that is documented, no stack trace on the
/// screen, no more than a gigabyte of memory.
/// </summary>
internal sealed class CommandKind : IFuzzKind
{
    private const long MostMemory = 1L << 30;
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(50);
    private readonly CheckpointKind _checkpoints = new();

    public Outcome Try(Random random, string folder)
    {
        var spec = Path.Combine(folder, "spec.json");
        switch (random.Next(4))
        {
            case 0:
                File.WriteAllBytes(spec, Damage.Json(random, Spec()));
                Pictures(random, folder);
                return Command(
                    folder,
                    [0, 1, 2],
                    "run",
                    spec,
                    "--out",
                    Path.Combine(folder, "out"),
                    "--data",
                    folder,
                    "--threads",
                    "1"
                );
            case 1:
                File.WriteAllText(spec, Spec().ToJsonString());
                Pictures(random, folder);
                Spoil(random, Path.Combine(folder, "own"));
                return Command(
                    folder,
                    [0, 1, 2],
                    "run",
                    spec,
                    "--out",
                    Path.Combine(folder, "out"),
                    "--data",
                    folder,
                    "--threads",
                    "1"
                );
            case 2:
                File.WriteAllBytes(spec, Damage.Json(random, Spec()));
                return Command(folder, [0, 1, 2], "probe", spec);
            default:
                _checkpoints.Try(random, Directory.CreateDirectory(Path.Combine(folder, "models")).FullName);
                Pictures(random, folder);
                return Command(
                    folder,
                    [0, 1, 2, 3, 4],
                    "check",
                    Directory.GetFiles(Path.Combine(folder, "models"))[0],
                    "--folder",
                    Path.Combine(folder, "own")
                );
        }
    }

    private static JsonObject Spec() =>
        new()
        {
            ["name"] = "tiny",
            ["dataset"] = new JsonObject
            {
                ["id"] = "image-folder",
                ["path"] = "own",
                ["resize"] = 16,
                ["crop"] = 16,
            },
            ["model"] = new JsonObject { ["id"] = "mlp", ["hiddenUnits"] = 16 },
            ["attack"] = new JsonObject { ["id"] = "badnets", ["poisonRate"] = 0.2 },
            ["training"] = new JsonObject { ["epochs"] = 1 },
            ["benignTwin"] = false,
            ["cleanHoldout"] = 4,
            ["precisions"] = new JsonArray(new JsonObject { ["id"] = "float32" }),
            ["defenses"] = new JsonArray(),
        };

    private static void Pictures(Random random, string root)
    {
        for (var label = 0; label < 3; label++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(root, "own", $"class{label}")).FullName;
            for (var i = 0; i < 12; i++)
            {
                var pixels = new byte[3 * 16 * 16];
                random.NextBytes(pixels);
                File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), ImageFiles.EncodePng(pixels, 16, 16, 3));
            }
        }
    }

    private static void Spoil(Random random, string folder)
    {
        var files = Directory
            .GetFiles(folder, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .ToArray();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var file = files[random.Next(files.Length)];
            File.WriteAllBytes(file, Damage.Bytes(random, File.ReadAllBytes(file)));
        }
    }

    private static Outcome Command(string folder, int[] codes, params string[] arguments)
    {
        var start = WorkerCommandLine.Create(arguments[0], 1);
        Array.ForEach(arguments[1..], start.ArgumentList.Add);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = folder;
        using var process = Process.Start(start)!;
        var said = new StringBuilder();
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var clock = Stopwatch.StartNew();
        long memory = 0;
        while (!process.WaitForExit(50))
        {
            memory = Math.Max(memory, FuzzRun.Peak(process.Id));
            if (clock.Elapsed > Most || memory > MostMemory)
            {
                process.Kill(entireProcessTree: true);
                return new(false, $"{arguments[0]} took {clock.Elapsed.TotalSeconds:0} s and {memory >> 20} MB");
            }
        }

        process.WaitForExit();
        var text = said.ToString();
        return text.Contains("\n   at ", StringComparison.Ordinal)
                ? new(true, $"{arguments[0]} prints a stack trace: {text.Split('\n')[0]}")
            : !codes.Contains(process.ExitCode)
                ? new(true, $"{arguments[0]} ends with {process.ExitCode}: {text.Split('\n')[0]}")
            : new(process.ExitCode != 0);

        void Add(string? line)
        {
            lock (said)
            {
                said.Append(line).Append('\n');
            }
        }
    }
}
