using BackdoorLab.Data.Runs;

namespace BackdoorLab.Data.Queries;

/// <summary>A page of the run list.</summary>
/// <param name="Items">Runs of this page.</param>
/// <param name="Total">Runs that match in all.</param>
/// <param name="Page">From 0.</param>
/// <param name="Size">Runs per page.</param>
public sealed record RunPage(IReadOnlyList<RunItem> Items, int Total, int Page, int Size)
{
    /// <summary>Largest page, of runs and of whatever else is listed.</summary>
    public const int MaxSize = 500;
}
