using System.Text.RegularExpressions;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Files;

/// <summary>
/// Whether what a bundle says of its run can be one: nothing is missing inside lists, every word is one that runs use,
/// nothing is there twice, and numbers, dates and sizes are of this world. Looked at as a whole before anything of it
/// is written.
/// </summary>
internal static partial class BundleCheck
{
    private const int MostRows = 100_000;
    private const int MostOfACell = 1_000;
    private static readonly PersonText Word = new("word", 300);
    private static readonly PersonText Sentence = new("text", 50_000, Lines: true);
    private static readonly string[] Levels = ["info", "warning", "error"];
    private static readonly DateTime First = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime Last = new(2100, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>What is wrong, with its place; null when the run can be taken in.</summary>
    public static string? Fault(RunBundle bundle) => Faults(bundle).FirstOrDefault();

    private static IEnumerable<string> Faults(RunBundle bundle) =>
        Own(bundle)
            .Concat(Item(bundle.Run.Run))
            .Concat(Stages(bundle.Run.Stages))
            .Concat(Cells(bundle.Run.Cells))
            .Concat(Curve(bundle.Run.Curve))
            .Concat(Artifacts("run.artifacts", bundle.Run.Artifacts))
            .Concat(Log(bundle.Log));

    private static IEnumerable<string> Own(RunBundle bundle) =>
        Text("program", bundle.Program, Word)
            .Concat(Date("exported", bundle.Exported))
            .Concat(List("run.remarks", bundle.Run.Remarks, MostOfACell, (place, text) => Text(place, text, Sentence)))
            .Concat(Only("run.environment", bundle.Run.Environment.Count <= MostOfACell, "is too long"))
            .Concat(
                bundle.Run.Environment.SelectMany(pair =>
                    Text("run.environment", pair.Key, Word).Concat(Text("run.environment", pair.Value, Sentence))
                )
            );

    private static IEnumerable<string> Item(RunItem run)
    {
        (string Name, DateTime? At)[] dates =
        [
            ("created", run.Created),
            ("queued", run.Queued),
            ("started", run.Started),
            ("ended", run.Ended),
        ];
        return Text("run.run.name", run.Name, PersonText.RunName)
            .Concat(Text("run.run.error", run.Error, Sentence))
            .Concat(Text("run.run.id", run.Id, Word))
            .Concat(
                Only(
                    "run.run.state",
                    run.State is RunState.Succeeded or RunState.Failed or RunState.Cancelled,
                    $"is {run.State.ToString().ToLowerInvariant()}: the run had not ended"
                )
            )
            .Concat(Only("run.run.ended", run.Ended is not null, "is missing"))
            .Concat(dates.SelectMany(date => date.At is { } at ? Date("run.run." + date.Name, at) : []))
            .Concat(
                Only(
                    "run.run.ended",
                    run.Started is not { } from || run.Ended is not { } to || to >= from,
                    "is before the start"
                )
            )
            .Concat(Only("run.run.attempt", run.Attempt is >= 0 and <= 1_000, "must be from 0 to 1000"))
            .Concat(NotNegative("run.run.elapsedSeconds", run.ElapsedSeconds))
            .Concat(NotNegative("run.run.estimatedSeconds", run.EstimatedSeconds))
            .Concat(Share("run.run.cleanAccuracy", run.CleanAccuracy))
            .Concat(Share("run.run.attackSuccessRate", run.AttackSuccessRate))
            .Concat(List("run.run.tags", run.Tags, MostOfACell, (place, tag) => Text(place, tag, Word)));
    }

    private static IEnumerable<string> Stages(IReadOnlyList<RunStage> stages) =>
        List(
                "run.stages",
                stages,
                MostRows,
                (place, stage) =>
                    Text(place + ".key", stage.Key, Word, least: 1)
                        .Concat(Text(place + ".kind", stage.Kind, Word))
                        .Concat(Text(place + ".title", stage.Title, Sentence))
                        .Concat(Text(place + ".method", stage.Method, Word))
                        .Concat(Only(place + ".state", Enum.IsDefined(stage.State), "is no state of a stage"))
                        .Concat(Only(place + ".position", stage.Position is >= 0 and <= MostRows, "is no position"))
                        .Concat(NotNegative(place + ".seconds", stage.Seconds))
                        .Concat(NotNegative(place + ".estimatedSeconds", stage.EstimatedSeconds))
            )
            .Concat(Once("run.stages", stages, stage => stage?.Key));

    private static IEnumerable<string> Cells(IReadOnlyList<CellResult> cells) =>
        List(
                "run.cells",
                cells,
                MostRows,
                (place, cell) =>
                    Text(place + ".key.precision", cell.Id.Precision, Word, least: 1)
                        .Concat(Text(place + ".key.defense", cell.Id.DefenseLabel, Word))
                        .Concat(Only(place + ".outcome", Enum.IsDefined(cell.Outcome), "is no outcome"))
                        .Concat(Text(place + ".reason", cell.Reason, Sentence))
                        .Concat(List(place + ".notes", cell.Notes, MostOfACell, (at, note) => Text(at, note, Sentence)))
                        .Concat(NotNegative(place + ".seconds", cell.Seconds))
                        .Concat(List(place + ".measurements", cell.Measurements, MostOfACell, Measurement))
                        .Concat(Once(place + ".measurements", cell.Measurements, row => row?.Metric))
                        .Concat(Artifacts(place + ".artifacts", cell.Artifacts))
            )
            .Concat(Once("run.cells", cells, cell => cell?.Id));

    private static IEnumerable<string> Measurement(string place, Measurement row) =>
        Text(place + ".metric", row.Metric, Word, least: 1)
            .Concat(Only(place + ".value", double.IsFinite(row.Value), "is no number"))
            .Concat(NotNegative(place + ".count", row.Count))
            .Concat(
                Only(
                    place + ".low",
                    row.Low is not { } low || row.High is not { } high || low <= high,
                    "is above the interval's upper end"
                )
            );

    private static IEnumerable<string> Curve(IReadOnlyList<TrainingPoint> curve) =>
        List(
                "run.curve",
                curve,
                MostRows,
                (place, row) =>
                    Only(place + ".epoch", row.Epoch >= 1 && row.Epoch <= row.Epochs, "is no epoch of the training")
                        .Concat(Share(place + ".cleanAccuracy", row.CleanAccuracy))
                        .Concat(Share(place + ".attackSuccessRate", row.AttackSuccessRate))
            )
            .Concat(Once("run.curve", curve, row => row is null ? null : ((Victim, int)?)(row.Victim, row.Epoch)));

    private static IEnumerable<string> Artifacts(string place, IReadOnlyList<ArtifactReference> files) =>
        List(
                place,
                files,
                MostRows,
                (at, file) =>
                    Only(
                            at + ".stage",
                            file.Stage is not null && StageName().IsMatch(file.Stage),
                            "is no name of a stage"
                        )
                        .Concat(
                            Only(
                                at + ".file",
                                file.File is not null && FileName().IsMatch(file.File),
                                "is no name of a file"
                            )
                        )
                        .Concat(Text(at + ".role", file.Role, Word))
                        .Concat(Text(at + ".title", file.Title, Sentence))
            )
            .Concat(Once(place, files, file => file));

    private static IEnumerable<string> Log(IReadOnlyList<LogRow> log) =>
        List(
                "log",
                log,
                MostRows,
                (place, line) =>
                    Date(place + ".at", line.At)
                        .Concat(Only(place + ".level", Levels.Contains(line.Level), "is no level of a log"))
                        .Concat(Text(place + ".text", line.Text, Sentence, controls: true))
            )
            .Concat(
                Only(
                    "log",
                    log.Zip(log.Skip(1), (one, next) => one is null || next is null || one.Sequence < next.Sequence)
                        .All(ordered => ordered),
                    "is not in its order"
                )
            );

    private static IEnumerable<string> List<T>(
        string place,
        IReadOnlyList<T> rows,
        int most,
        Func<string, T, IEnumerable<string>> check
    ) =>
        rows.Count > most
            ? [$"{place}: has {rows.Count} entries; at most {most} are taken in."]
            : rows.SelectMany((row, i) => row is null ? [$"{place}[{i}]: is null."] : check($"{place}[{i}]", row));

    private static IEnumerable<string> Once<T, TKey>(string place, IReadOnlyList<T> rows, Func<T, TKey?> key)
    {
        var seen = new HashSet<TKey>();
        return rows.Select((row, i) => (Key: key(row), i))
            .Where(row => row.Key is not null && !seen.Add(row.Key))
            .Select(row => $"{place}[{row.i}]: is there more than once.");
    }

    private static IEnumerable<string> Text(
        string place,
        string? text,
        PersonText form,
        int least = 0,
        bool controls = false
    )
    {
        // What a program prints may be coloured; no text holds a zero character.
        var fault =
            text is null ? "is null."
            : controls
                ? (
                    text.Contains('\0') ? "holds the character U+0000."
                    : text.Length > form.Most ? "is too long."
                    : null
                )
            : form.Read(text).Fault;
        return fault is not null ? [$"{place}: {fault}"]
            : text!.Length < least ? [$"{place}: is empty."]
            : [];
    }

    private static IEnumerable<string> Date(string place, DateTime at) =>
        Only(place, at >= First && at < Last, "is no date of a run");

    private static IEnumerable<string> NotNegative(string place, double? number) =>
        Only(place, number is not { } given || (double.IsFinite(given) && given >= 0), "is negative");

    private static IEnumerable<string> Share(string place, double? number) =>
        Only(place, number is null or (>= 0 and <= 1), "must be from 0 to 1");

    private static IEnumerable<string> Only(string place, bool holds, string fault) =>
        holds ? [] : [$"{place}: {fault}."];

    [GeneratedRegex("^[A-Za-z0-9]{3,128}$")]
    private static partial Regex StageName();

    [GeneratedRegex("^[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}$")]
    private static partial Regex FileName();
}
