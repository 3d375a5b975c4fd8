using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>Something in which rows of a leaderboard differ, and over which a reader may pool them.</summary>
/// <param name="Path">What the address calls it: <c>training.epochs</c>, or <c>data</c>.</param>
/// <param name="Pooled">Whether it is pooled.</param>
public sealed record BoardAxis(string Path, bool Pooled)
{
    private const string Data = "data";
    private const string Dataset = "dataset";

    /// <summary>What it is called: "epochs".</summary>
    public string Words => Name(Path);

    /// <summary>The name of a path.</summary>
    public static string Name(string path) => path == Data ? Data : SpecPaths.Words(path);

    /// <summary>The axes of a board, those that are pooled first.</summary>
    public static IReadOnlyList<BoardAxis> Of(Board board)
    {
        var pooled = board.Filter.Pool.Select(path => new BoardAxis(path, true));
        var differing = board
            .Conditions.Values.GroupBy(row => row.Label)
            .SelectMany(rows =>
            {
                var values = rows.Select(row => SpecPaths.Read(JsonNode.Parse(row.Condition))).ToList();
                return values
                    .SelectMany(value => value.Keys)
                    .Distinct()
                    .Where(path => values.Select(value => value.GetValueOrDefault(path)).Distinct().Skip(1).Any());
            });
        return
        [
            .. pooled,
            .. differing
                .Select(path => path.Split('.')[0] is Data or Dataset ? Data : path)
                .Distinct()
                .Where(path => !board.Filter.Pool.Contains(path))
                .OrderBy(path => path != Data)
                .Select(path => new BoardAxis(path, false)),
        ];
    }
}
