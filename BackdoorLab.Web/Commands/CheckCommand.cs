using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>check FILE --dataset ID</c>: is a model from a file backdoored? Which network it is its weights say; progress on
/// stderr, what each detector says on stdout.
/// </summary>
public static class CheckCommand
{
    /// <summary>A detector flagged the model.</summary>
    public const int Flagged = 3;

    /// <summary>Nothing was flagged, and no detector could have told.</summary>
    public const int NotDecidable = 4;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var file = new Argument<FileInfo>("FILE")
        {
            Description = "The model: what torch.save wrote, or safetensors; whatever it is called.",
        };
        var dataset = new Option<string?>("--dataset")
        {
            Description = "The data set it was trained for.",
            HelpName = "ID",
        };
        dataset.AcceptOnlyFromAmong([.. MethodCatalog.Default.Of<DatasetSource>().Select(method => method.Id)]);
        var pictures = new PictureOptions();
        var methods = new Option<string[]>("--method")
        {
            Description = "A model detector; may be given several times (default: neural-cleanse).",
            HelpName = "ID",
            DefaultValueFactory = _ => ["neural-cleanse"],
        };
        methods.AcceptOnlyFromAmong([.. MethodCatalog.Default.Of<ModelDetector>().Select(method => method.Id)]);
        var pixels = new Option<PixelScale>("--pixels")
        {
            Description = "How pixels are scaled before the first layer (default: Automatic).",
        };
        var entry = new Option<string>("--entry")
        {
            Description =
                "Which state dict of a file that has several, as 'ema' or 'model.state_dict' (default: the first that fits).",
            HelpName = "KEYS",
            DefaultValueFactory = _ => "",
        };
        pixels.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && EnumName.Read<PixelScale>(name) is null)
            {
                result.AddError(
                    $"--pixels: there is no scale '{Shortened.Of(name)}'. Scales are {string.Join(", ", Enum.GetNames<PixelScale>())}."
                );
            }
        });
        var program = new Option<bool>("--program")
        {
            Description =
                "Check the program of a TorchScript file itself, also where its weights belong to a network of the catalog.",
        };
        var seed = new Option<int>("--seed")
        {
            Description = "Root of the detectors' random choices.",
            DefaultValueFactory = _ => 1,
        };
        var options = new HeadlessOptions("result.json", required: false);
        var command = new Command("check", ExitCodes) { file, dataset, methods, pixels, entry, program, seed };
        pictures.AddTo(command);
        command.Validators.Add(result => pictures.Validate(result, dataset));
        options.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
            {
                DirectoryInfo? scratch = null;
                try
                {
                    var output = options.MaybeOutput(parsed);
                    var folder = output ?? (scratch = Directory.CreateTempSubdirectory("backdoorlab-check-"));
                    var runner = options.Runner(parsed, folder.FullName);
                    var (source, root) =
                        pictures.Read(parsed)
                        ?? (
                            (DatasetSource)
                                MethodCatalog.Default.Find(parsed.GetRequiredValue(dataset)!)!.CreateDefault(),
                            runner.DataRoot
                        );
                    runner = runner with { DataRoot = root, ModelFolder = parsed.GetRequiredValue(file).FullName };
                    TorchRuntime.Initialize(runner.Threads);
                    var spec = Read(
                        parsed.GetRequiredValue(file),
                        source,
                        runner,
                        parsed.GetValue(methods)!,
                        parsed.GetValue(pixels),
                        parsed.GetValue(entry)!,
                        parsed.GetValue(program)
                    ) with
                    {
                        Seed = parsed.GetValue(seed),
                    };
                    return Task.FromResult(Execute(spec, output, runner, cancellation));
                }
                catch (Exception refused)
                    when (refused
                            is WeightFileException
                                or SpecException
                                or DatasetException
                                or CommandException
                                or IOException
                                or UnauthorizedAccessException
                    )
                {
                    Console.Error.WriteLine(refused.Message);
                    return Task.FromResult(RunCommand.InvalidSpec);
                }
                finally
                {
                    scratch?.Delete(recursive: true);
                }
            }
        );
        return command;
    }

    private const string ExitCodes = """
        Ask detectors whether a model from a file is backdoored.

        Exit codes: 0 not flagged; 3 flagged; 4 not decidable (no detector could have told, with the reason);
        2 the file, the folder or an option cannot be used; 1 a detector failed and none flagged the model.
        """;

    private static ExperimentSpec Read(
        FileInfo file,
        DatasetSource dataset,
        RunnerOptions options,
        IEnumerable<string> methods,
        PixelScale pixels,
        string entry,
        bool preferred
    )
    {
        if (RegularFile.Fault(file.FullName) is { } fault)
        {
            throw new WeightFileException($"{file.FullName} {fault}");
        }

        using var weights = WeightFile.Open(file.FullName);
        if (preferred && (!weights.HasProgram || entry.Length > 0))
        {
            throw new WeightFileException(
                entry.Length > 0
                    ? "--program and --entry exclude each other: a program is one."
                    : "--program: the file has none. TorchScript files (torch.jit.save) have one."
            );
        }

        using var program = weights.HasProgram ? new ProgramProbe(options.Programs!, file.FullName) : null;
        var candidate = CheckCandidate.Try(weights, dataset, options.DataRoot, entry, program, preferred);
        if (!candidate.Fit.Fits)
        {
            throw new WeightFileException(candidate.Fit.Fault);
        }

        Console.Error.WriteLine(
            $"{file.Name}: {weights.Format}, {MethodCatalog.Default.Label(candidate.Fit.Source)} for {candidate.Name} with {candidate.Shape.Classes} classes."
        );
        foreach (var remark in candidate.Dataset.RemarksIn(options.DataRoot))
        {
            Console.Error.WriteLine(remark);
        }

        var model = new CheckedModel
        {
            File = CheckedModel.NameOf(file.Name),
            Sha256 = CheckedModel.HashOf(file.FullName),
            Pixels = pixels,
            Entry = entry,
        };
        var spec = candidate.Check(
            model,
            [.. methods.Distinct().Select(id => (Defense)MethodCatalog.Default.Find(id)!.CreateDefault())]
        );

        // What a spec may not be is said by one place alone.
        return SpecJson.Parse(SpecJson.Write(spec));
    }

    private static int Execute(
        ExperimentSpec spec,
        DirectoryInfo? output,
        RunnerOptions options,
        CancellationToken cancellation
    )
    {
        var result = new ExperimentRunner(options).Run(spec, new ConsoleProgress(Console.Error), cancellation);
        if (output is not null)
        {
            var path = Path.Combine(output.FullName, "result.json");
            WholeFile.Write(path, stream => JsonSerializer.Serialize(stream, result, SpecJson.Indented));
            Console.Error.WriteLine($"Wrote {path}");
        }

        var verdict = CheckVerdict.Of(result.Cells, ended: true);

        // A run that ended before its plan, over a picture that cannot be read for one, has only its error to show.
        if (result.Cells.Count > 0)
        {
            Write(result, verdict, Console.Out);
        }

        if (result.Error.Length > 0)
        {
            Console.Error.WriteLine(result.Error);
        }

        return ExitCode(result.Ending, result.Cells, verdict);
    }

    // A model that one detector flags is flagged whatever became of the others; that none does is known only when all
    // have ended well.
    internal static int ExitCode(RunEnding ending, IReadOnlyList<CellResult> cells, CheckVerdict verdict) =>
        verdict.Verdict?.Decision switch
        {
            Decision.Flagged => Flagged,
            _ when ending != RunEnding.Completed
                    || cells.Any(cell => cell.Outcome is not (Outcome.Value or Outcome.NotApplicable)) =>
                RunCommand.Incomplete,
            Decision.NotFlagged => RunCommand.Complete,
            _ => NotDecidable,
        };

    private static void Write(ExperimentResult result, CheckVerdict verdict, TextWriter output)
    {
        output.WriteLine($"{verdict.Title}. {verdict.Text}");
        output.WriteLine();
        MarkdownTable.Write(
            ["Detector", "Verdict", "Score", "Flagged above", "Seconds", "What it says"],
            verdict.Detectors.Select(Row),
            output
        );
        if (Value(result.Cells[0], Metric.CleanAccuracy) is { } accuracy)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"* clean accuracy {100 * accuracy:0.0} %"));
        }

        foreach (var remark in result.Remarks)
        {
            output.WriteLine("* " + remark);
        }
    }

    private static string[] Row(DetectorVerdict one) =>
        [
            one.Cell.Id.DefenseLabel,
            one.Word,
            one.Score,
            one.Threshold,
            (one.Cell.Seconds ?? 0).ToString("0.0", CultureInfo.InvariantCulture),
            string.Join(" ", one.Cell.Notes.Prepend(one.Sentence)),
        ];

    private static double? Value(CellResult cell, Metric metric) =>
        cell.Measurements.FirstOrDefault(row => row.Metric == metric.Id)?.Value;
}
