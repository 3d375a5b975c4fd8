using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Conditions;

/// <summary>Conditions of recorded runs: computed where a run learns what it hangs on, kept once a key.</summary>
internal static class RecordedConditions
{
    public static readonly IReadOnlyDictionary<string, string> NoEnvironment = new Dictionary<string, string>();

    /// <summary>
    /// Tells a run its condition, as its texts have it now. The labels of all its cells take part, since what a label
    /// means depends on the others.
    /// </summary>
    public static async Task<Condition> RecordAsync(
        LabDbContext context,
        string runId,
        IEnumerable<CellId> cells,
        CancellationToken cancellation
    )
    {
        var texts = await context
            .RunTexts.AsNoTracking()
            .Where(text => text.RunId == runId)
            .Select(text => new
            {
                text.SpecJson,
                text.DataJson,
                text.EnvironmentJson,
            })
            .SingleAsync(cancellation);
        var known = await context
            .Cells.Where(cell => cell.RunId == runId)
            .Select(cell => new { cell.Precision, cell.Defense })
            .Distinct()
            .ToListAsync(cancellation);
        var labels = cells
            .Select(cell => (cell.Precision, Defense: cell.DefenseLabel))
            .Concat(known.Select(cell => (cell.Precision, cell.Defense)))
            .Distinct()
            .ToList();
        var condition = Condition.Of(
            texts.SpecJson,
            DataContent.Read(texts.DataJson),
            JsonText.Map(texts.EnvironmentJson),
            labels
        );
        await context
            .Runs.Where(run => run.Id == runId && run.ConditionKey != condition.Setup.Key)
            .ExecuteUpdateAsync(set => set.SetProperty(run => run.ConditionKey, condition.Setup.Key), cancellation);
        await KeepAsync(context, Parts(condition, labels), cancellation);
        return condition;
    }

    /// <summary>
    /// Gives runs of an older program their condition, from the spec and the machine they stored. What data they saw is
    /// not known.
    /// </summary>
    public static async Task FillAsync(LabDbContext context, CancellationToken cancellation)
    {
        const int Part = 500;
        List<string> ids;
        if (!await context.Runs.AnyAsync(run => run.ConditionKey == "", cancellation))
        {
            return;
        }

        do
        {
            await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
            ids = await context
                .Runs.Where(run => run.ConditionKey == "")
                .Select(run => run.Id)
                .Take(Part)
                .ToListAsync(cancellation);
            await FillAsync(context, ids, cancellation);
            await transaction.CommitAsync(cancellation);
            context.ChangeTracker.Clear();
        } while (ids.Count == Part);
    }

    // Few statements for many runs: what several share is told them together.
    private static async Task FillAsync(LabDbContext context, List<string> ids, CancellationToken cancellation)
    {
        var texts = await context
            .RunTexts.AsNoTracking()
            .Where(text => ids.Contains(text.RunId))
            .ToDictionaryAsync(text => text.RunId, cancellation);
        var cells = (
            await context
                .Cells.Where(cell => ids.Contains(cell.RunId))
                .Select(cell => new
                {
                    cell.RunId,
                    cell.Precision,
                    cell.Defense,
                })
                .Distinct()
                .ToListAsync(cancellation)
        ).ToLookup(cell => cell.RunId, cell => (cell.Precision, cell.Defense));

        // A run that has lost its texts is like no other.
        var conditions = ids.ToDictionary(
            id => id,
            id =>
                texts.GetValueOrDefault(id) is { } text
                    ? Condition.Of(
                        text.SpecJson,
                        DataContent.Read(text.DataJson),
                        JsonText.Map(text.EnvironmentJson),
                        cells[id]
                    )
                    : Condition.Of(id, null, NoEnvironment, cells[id])
        );
        foreach (var alike in conditions.GroupBy(entry => entry.Value.Setup.Key, entry => entry.Key))
        {
            var (key, runs) = (alike.Key, alike.ToList());
            await context
                .Runs.Where(run => runs.Contains(run.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(run => run.ConditionKey, key), cancellation);
        }

        var told = conditions.SelectMany(entry =>
            cells[entry.Key]
                .Select(label =>
                    (
                        entry.Key,
                        label.Precision,
                        label.Defense,
                        PrecisionKey: entry.Value.Precision(label.Precision).Key,
                        DefenseKey: entry.Value.Defense(label.Defense).Key
                    )
                )
        );
        foreach (
            var alike in told.GroupBy(
                cell => (cell.Precision, cell.Defense, cell.PrecisionKey, cell.DefenseKey),
                cell => cell.Key
            )
        )
        {
            var ((precision, defense, precisionKey, defenseKey), runs) = (alike.Key, alike.ToList());
            await context
                .Cells.Where(cell =>
                    runs.Contains(cell.RunId) && cell.Precision == precision && cell.Defense == defense
                )
                .ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(cell => cell.PrecisionKey, precisionKey)
                            .SetProperty(cell => cell.DefenseKey, defenseKey),
                    cancellation
                );
        }

        await KeepAsync(
            context,
            conditions.SelectMany(entry => Parts(entry.Value, cells[entry.Key])).DistinctBy(part => part.Key),
            cancellation
        );
    }

    private static IEnumerable<ConditionPart> Parts(
        Condition condition,
        IEnumerable<(string Precision, string Defense)> labels
    ) =>
        labels
            .SelectMany(label => new[] { condition.Precision(label.Precision), condition.Defense(label.Defense) })
            .Prepend(condition.Setup)
            .Where(part => part.Key.Length > 0)
            .DistinctBy(part => part.Key);

    private static async Task KeepAsync(
        LabDbContext context,
        IEnumerable<ConditionPart> parts,
        CancellationToken cancellation
    )
    {
        var all = parts.ToList();
        var keys = all.ConvertAll(part => part.Key);
        var present = await context
            .Conditions.Where(text => keys.Contains(text.Key))
            .Select(text => text.Key)
            .ToListAsync(cancellation);
        context.Conditions.AddRange(
            all.Where(part => !present.Contains(part.Key))
                .Select(part => new ConditionText { Key = part.Key, Json = part.Json })
        );
        await context.SaveChangesAsync(cancellation);
    }
}
