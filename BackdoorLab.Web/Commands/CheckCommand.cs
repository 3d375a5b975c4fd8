using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>check FILE --dataset ID</c>: is a model from a file backdoored? Which network it is its weights say; progress on stderr, what each
/// detector says on stdout.
/// </summary>
public static class CheckCommand
{
    /// <summary>A detector flagged the model.</summary>
    public const int Suspicious = 3;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "The model: what torch.save wrote, or safetensors; whatever it is called." };
        var dataset = new Option<string?>("--dataset") { Description = "The data set it was trained for.", HelpName = "ID" };
        dataset.AcceptOnlyFromAmong([.. MethodCatalog.Default.Of<DatasetSource>().Select(method => method.Id)]);
        var pictures = new PictureOptions();
        var methods = new Option<string[]>("--method")
        {
            Description = "A model detector; may be given several times (default: neural-cleanse).",
            HelpName = "ID",
            DefaultValueFactory = _ => ["neural-cleanse"],
        };
        methods.AcceptOnlyFromAmong([.. MethodCatalog.Default.Of<ModelDetector>().Select(method => method.Id)]);
        var pixels = new Option<PixelScale>("--pixels") { Description = "How pixels are scaled before the first layer (default: Automatic)." };
        var entry = new Option<string>("--entry") { Description = "Which state dict of a file that has several, as 'ema' or 'model.state_dict' (default: the first that fits).", HelpName = "KEYS", DefaultValueFactory = _ => "" };
        pixels.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && EnumName.Read<PixelScale>(name) is null)
            {
                result.AddError($"--pixels: there is no scale '{Brief.Of(name)}'. Scales are {string.Join(", ", Enum.GetNames<PixelScale>())}.");
            }
        });
        var seed = new Option<int>("--seed") { Description = "Root of the detectors' random choices.", DefaultValueFactory = _ => 1 };
        var options = new HeadlessOptions("result.json", required: false);
        var command = new Command("check", "Ask detectors whether a model from a file is backdoored.") { file, dataset, methods, pixels, entry, seed };
        pictures.AddTo(command);
        command.Validators.Add(result => pictures.Validate(result, dataset));
        options.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            DirectoryInfo? scratch = null;
            try
            {
                var output = options.MaybeOutput(parsed);
                var folder = output ?? (scratch = Directory.CreateTempSubdirectory("backdoorlab-check-"));
                var runner = options.Runner(parsed, folder.FullName);
                var (source, root) = pictures.Read(parsed) ?? ((DatasetSource)MethodCatalog.Default.Find(parsed.GetRequiredValue(dataset)!)!.CreateDefault(), runner.DataRoot);
                runner = runner with { DataRoot = root };
                TorchRuntime.Initialize(runner.Threads);
                var spec = Read(parsed.GetRequiredValue(file), source, root, parsed.GetValue(methods)!, parsed.GetValue(pixels), parsed.GetValue(entry)!) with { Seed = parsed.GetValue(seed) };
                return Task.FromResult(Execute(spec, output, runner with { ModelFolder = parsed.GetRequiredValue(file).FullName }, cancellation));
            }
            catch (Exception refused) when (refused is WeightFileException or SpecException or DatasetException or CommandException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine(refused.Message);
                return Task.FromResult(RunCommand.InvalidSpec);
            }
            finally
            {
                scratch?.Delete(recursive: true);
            }
        });
        return command;
    }

    private static ExperimentSpec Read(FileInfo file, DatasetSource dataset, string dataRoot, IEnumerable<string> methods, PixelScale pixels, string entry)
    {
        if (RegularFile.Fault(file.FullName) is { } fault)
        {
            throw new WeightFileException($"{file.FullName} {fault}");
        }

        using var weights = WeightFile.Open(file.FullName);
        var candidate = SuspectCandidate.Try(weights, dataset, dataRoot, entry);
        if (!candidate.Fit.Fits)
        {
            throw new WeightFileException(candidate.Fit.Fault);
        }

        Console.Error.WriteLine($"{file.Name}: {weights.Format}, {MethodCatalog.Default.Label(candidate.Fit.Source)} for {candidate.Name} with {candidate.Shape.Classes} classes.");
        foreach (var remark in candidate.Dataset.RemarksIn(dataRoot))
        {
            Console.Error.WriteLine(remark);
        }

        var suspect = new SuspectModel { File = SuspectModel.NameOf(file.Name), Sha256 = SuspectModel.HashOf(file.FullName), Pixels = pixels, Entry = entry };
        var spec = candidate.Check(suspect, [.. methods.Distinct().Select(id => (Defense)MethodCatalog.Default.Find(id)!.CreateDefault())]);

        // What a spec may not be is said by one place alone.
        return SpecJson.Parse(SpecJson.Write(spec));
    }

    private static int Execute(ExperimentSpec spec, DirectoryInfo? output, RunnerOptions options, CancellationToken cancellation)
    {
        var result = new ExperimentRunner(options).Run(spec, new ConsoleProgress(Console.Error), cancellation);
        if (output is not null)
        {
            var path = Path.Combine(output.FullName, "result.json");
            WholeFile.Write(path, stream => JsonSerializer.Serialize(stream, result, SpecJson.Indented));
            Console.Error.WriteLine($"Wrote {path}");
        }

        // A run that ended before its plan, over a picture that cannot be read for one, has only its error to show.
        if (result.Cells.Count > 0)
        {
            Write(result, Console.Out);
        }

        if (result.Error.Length > 0)
        {
            Console.Error.WriteLine(result.Error);
        }

        return result.Ending != RunEnding.Completed || result.Cells.Any(cell => cell.Outcome is not (Outcome.Value or Outcome.NotApplicable)) ? RunCommand.Incomplete
            : result.Cells.Any(cell => Value(cell, Metric.Flagged) is > 0.5) ? Suspicious
            : RunCommand.Complete;
    }

    private static void Write(ExperimentResult result, TextWriter output)
    {
        MarkdownTable.Write(
            ["Detector", "Verdict", "Score", "Flagged above", "Seconds", "What it says"],
            result.Cells.Where(cell => cell.Id.Defense is not null).Select(Row),
            output);
        if (Value(result.Cells[0], Metric.CleanAccuracy) is { } accuracy)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"* clean accuracy {100 * accuracy:0.0} %"));
        }

        foreach (var remark in result.Remarks)
        {
            output.WriteLine("* " + remark);
        }
    }

    private static string[] Row(CellResult cell) =>
    [
        cell.Id.Defense!,
        Value(cell, Metric.Flagged) switch { > 0.5 => "suspicious", not null => "not flagged", null => "none" },
        Number(cell, Metric.DetectorScore),
        Number(cell, Metric.DetectorThreshold),
        cell.Seconds.ToString("0.0", CultureInfo.InvariantCulture),
        cell.Outcome == Outcome.Value ? string.Join(" ", cell.Notes) : cell.Reason,
    ];

    private static double? Value(CellResult cell, Metric metric) => cell.Measurements.FirstOrDefault(row => row.Metric == metric.Id)?.Value;

    private static string Number(CellResult cell, Metric metric) => Value(cell, metric)?.ToString("0.###", CultureInfo.InvariantCulture) ?? "";
}
