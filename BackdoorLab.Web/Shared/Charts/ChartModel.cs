using Plotly.Blazor;

namespace BackdoorLab.Web.Shared.Charts;

/// <summary>What <see cref="Chart"/> draws: plotly's figure, and the same numbers as a table.</summary>
/// <param name="Traces">Series.</param>
/// <param name="Layout">Axes and colours.</param>
/// <param name="Table">The numbers for readers who cannot use the drawing.</param>
public sealed record ChartModel(IList<ITrace> Traces, Plotly.Blazor.Layout Layout, ChartTable Table);

/// <summary>The table twin of a chart.</summary>
public sealed record ChartTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);
