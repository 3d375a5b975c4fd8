namespace BackdoorLab.Data.Database;

/// <summary>
/// A cell's id as key columns hold it, where nothing may be null: the undefended model has an empty defense.
/// </summary>
internal static class CellColumns
{
    /// <summary>The id of columns.</summary>
    public static CellId Read(Victim victim, string precision, string defense) =>
        new(victim, precision, defense == KnownLabels.Undefended ? null : defense);
}
