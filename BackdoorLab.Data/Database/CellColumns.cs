namespace BackdoorLab.Data.Database;

/// <summary>A cell's id as key columns hold it, where nothing may be null: the undefended model has an empty defense.</summary>
internal static class CellColumns
{
    /// <summary>The columns.</summary>
    public static (string Victim, string Precision, string Defense) Of(CellId id) => (VictimName.Of(id.Victim), id.Precision, id.DefenseLabel);

    /// <summary>The id of columns.</summary>
    /// <exception cref="InvalidOperationException">The model is none that this version knows.</exception>
    public static CellId Read(string victim, string precision, string defense) => new(
        Model(victim), precision, defense.Length == 0 ? null : defense);

    /// <summary>The model of a column.</summary>
    /// <exception cref="InvalidOperationException">It is none that this version knows.</exception>
    public static Victim Model(string victim) =>
        VictimName.Read(victim) ?? throw new InvalidOperationException($"The database names a model '{victim}', which this version does not know.");
}
