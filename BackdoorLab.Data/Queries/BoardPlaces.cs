using System.Text.Json.Nodes;
using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>
/// Which row and which column of a board a run's cell belongs to: rows by condition, columns by defense with all
/// parameters.
/// </summary>
internal sealed class BoardPlaces
{
    private const string Precision = "precision";
    private readonly bool _byPrecision;
    private readonly Dictionary<(string Label, string Condition, string Precision), string> _rows = [];
    private readonly Dictionary<string, string> _columns;
    private readonly ConditionReading _reading;

    private BoardPlaces(ConditionReading reading, BoardFilter filter, IReadOnlyDictionary<string, string> texts)
    {
        (_reading, _byPrecision) = (reading, filter.Rows == BoardRows.Precisions);
        _columns = Columns(reading.Cells.Select(cell => (cell.Defense, cell.DefenseKey)).Distinct(), texts);
        Rows = MakeRows(filter.Pool, texts);
    }

    /// <summary>Rows by id.</summary>
    public IReadOnlyDictionary<string, BoardRow> Rows { get; }

    /// <summary>Reads what the keys stand for: one statement.</summary>
    public static async Task<BoardPlaces> ReadAsync(
        LabDbContext context,
        ConditionReading reading,
        BoardFilter filter,
        CancellationToken cancellation
    )
    {
        var keys = reading
            .Runs.Values.Select(run => run.Condition)
            .Concat(reading.Cells.Select(cell => cell.PrecisionKey))
            .Concat(reading.Cells.Select(cell => cell.DefenseKey))
            .Distinct()
            .ToList();
        return new(reading, filter, await TextsAsync(context, keys, cancellation));
    }

    /// <summary>What keys stand for; unknown ones are absent.</summary>
    public static Task<Dictionary<string, string>> TextsAsync(
        LabDbContext context,
        IReadOnlyCollection<string> keys,
        CancellationToken cancellation
    ) =>
        context
            .Conditions.AsNoTracking()
            .Where(text => keys.Contains(text.Key))
            .ToDictionaryAsync(text => text.Key, text => text.Json, cancellation);

    /// <summary>Id of a cell's row.</summary>
    public string RowOf(CellFact cell) => _rows[Key(cell)];

    /// <summary>Label of a cell's column.</summary>
    public string ColumnOf(CellFact cell) => ColumnOf(_columns, cell);

    /// <summary>Label of a cell's column.</summary>
    public static string ColumnOf(IReadOnlyDictionary<string, string> columns, CellFact cell) =>
        cell.Defense == KnownLabels.Undefended ? KnownLabels.Undefended : columns[Own(cell.Defense, cell.DefenseKey)];

    /// <summary>
    /// Labels by key. Two defenses can share a label, since it names only what differed from the defaults of its day:
    /// they are told apart by what differs, in the label's own form,
    /// <c>activation-clustering[reduction=independent]</c>.
    /// </summary>
    public static Dictionary<string, string> Columns(
        IEnumerable<(string Label, string Key)> defenses,
        IReadOnlyDictionary<string, string> texts
    )
    {
        // A defense that has been labelled twice, before and after a default changed, is one.
        var byKey = defenses
            .Where(defense => defense.Label != KnownLabels.Undefended)
            .GroupBy(defense => Own(defense.Label, defense.Key))
            .ToDictionary(
                group => group.Key,
                group =>
                    group
                        .Select(defense => defense.Label)
                        .OrderByDescending(label => label.Length)
                        .ThenBy(label => label, StringComparer.Ordinal)
                        .First()
            );
        var columns = new Dictionary<string, string>();
        foreach (var namesakes in byKey.GroupBy(entry => entry.Value, entry => entry.Key))
        {
            var keys = namesakes.ToList();
            var members = keys.ConvertAll(key => Condition.Read(texts.GetValueOrDefault(key, "{}")));
            var telling = members
                .SelectMany(member => member.Select(value => value.Key))
                .Distinct()
                .Where(name => members.Select(member => member[name]?.ToJsonString()).Distinct().Count() > 1)
                .Order(StringComparer.Ordinal)
                .ToList();
            foreach (var (key, member) in keys.Zip(members))
            {
                var pairs = telling
                    .Select(name => $"{name}={(member[name] is { } value ? value.ToString() : "unknown")}")
                    .ToList();
                columns[key] =
                    keys.Count == 1
                        ? namesakes.Key
                        : Joined(namesakes.Key, pairs.Count > 0 ? pairs : [$"parameters={key}"]);
            }
        }

        return columns;
    }

    private static string Joined(string label, IEnumerable<string> pairs) =>
        label.EndsWith(']') ? $"{label[..^1]},{string.Join(',', pairs)}]" : $"{label}[{string.Join(',', pairs)}]";

    // Rows written beside this program have no key.
    private static string Own(string label, string key) => key.Length > 0 ? key : label;

    private (string Label, string Condition, string Precision) Key(CellFact cell) =>
        (
            _byPrecision ? cell.Precision : _reading.Runs[cell.RunId].Attack,
            _reading.Runs[cell.RunId].Condition,
            cell.PrecisionKey
        );

    private Dictionary<string, BoardRow> MakeRows(IReadOnlyList<string> pool, IReadOnlyDictionary<string, string> texts)
    {
        var rows = _reading
            .Cells.GroupBy(Key, cell => cell.RunId)
            .Select(group =>
            {
                var condition = Condition.Read(texts.GetValueOrDefault(group.Key.Condition, "{}"));
                var precision = Condition.Read(texts.GetValueOrDefault(group.Key.Precision, "{}"));
                if (precision.Count > 0)
                {
                    condition[Precision] = precision;
                }

                var taken =
                    pool.Count > 0 ? ConditionPooling.TakeOut(condition, pool) : new Dictionary<string, string>();
                return (
                    group.Key,
                    Json: condition,
                    Taken: taken,
                    Pooled: taken.Count > 0
                        ? Condition.KeyOf(condition)
                        : $"{group.Key.Condition}{group.Key.Precision}",
                    Runs: group.ToHashSet()
                );
            })
            .GroupBy(row => (row.Key.Label, row.Pooled))
            .ToList();
        var shared = rows.CountBy(row => row.Key.Label).ToDictionary();
        var made = new Dictionary<string, BoardRow>();
        foreach (var row in rows)
        {
            var id =
                shared[row.Key.Label] == 1
                    ? row.Key.Label
                    : $"{row.Key.Label}#{Condition.KeyOf(JsonValue.Create(row.Key.Pooled))}";
            made[id] = new(
                id,
                row.Key.Label,
                row.First().Json.ToJsonString(),
                row.SelectMany(part => part.Taken)
                    .GroupBy(taken => taken.Key)
                    .Select(taken =>
                        (
                            taken.Key,
                            Values: taken.Select(value => value.Value).Distinct().Order(StringComparer.Ordinal).ToList()
                        )
                    )
                    .Where(taken => taken.Values.Count > 1)
                    .ToDictionary(taken => taken.Key, taken => (IReadOnlyList<string>)taken.Values),
                row.SelectMany(part => part.Runs).ToHashSet()
            );
            foreach (var part in row)
            {
                _rows[part.Key] = id;
            }
        }

        return made;
    }
}
