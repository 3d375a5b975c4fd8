namespace BackdoorLab.Engine.Experiments;

/// <summary>Every planned cell and what became of it.</summary>
internal sealed class CellTable
{
    private readonly List<CellId> _order = [];
    private readonly Dictionary<CellId, CellResult> _results = [];

    internal IReadOnlyList<CellResult> Results => [.. _order.Select(id => _results[id])];

    internal bool AllNotRun =>
        _order.Count > 0 && _order.All(id => _results.TryGetValue(id, out var cell) && cell.Outcome == Outcome.NotRun);

    internal string FirstReason => _results.Values.FirstOrDefault()?.Reason ?? "";

    internal void Plan(IEnumerable<CellId> cells) => _order.AddRange(cells);

    internal void Set(CellResult cell) => _results[cell.Id] = cell;

    /// <summary>
    /// Once a cell and that of the other model are both there: the backdoored one's, with what only both tell. Null
    /// where there is nothing to tell, or not yet.
    /// </summary>
    internal CellResult? Compare(CellId id)
    {
        var compared =
            _results.TryGetValue(id with { Victim = Victim.Backdoored }, out var backdoored)
            && _results.TryGetValue(id with { Victim = Victim.Benign }, out var twin)
                ? AttackGain.Added(backdoored, twin)
                : null;
        if (compared is not null)
        {
            Set(compared);
        }

        return compared;
    }

    /// <summary>Marks all cells of a model that could not be trained.</summary>
    internal void Skip(Victim victim, string reason, EventStream events)
    {
        foreach (var id in _order.Where(id => id.Victim == victim))
        {
            Set(
                new()
                {
                    Id = id,
                    Outcome = Outcome.NotRun,
                    Reason = reason,
                }
            );
            events.Emit(new CellFinished(_results[id]));
        }
    }

    /// <summary>Gives every cell without an outcome this reason.</summary>
    internal void CompleteWith(string reason)
    {
        foreach (var id in _order.Where(id => !_results.ContainsKey(id)))
        {
            Set(
                new()
                {
                    Id = id,
                    Outcome = Outcome.NotRun,
                    Reason = reason,
                }
            );
        }
    }
}
