using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Web.Export;
using BackdoorLab.Web.Services;

namespace BackdoorLab.Web.Tests.Studies;

/// <summary>Documents of the leaderboard, in full: what people paste into papers.</summary>
public sealed class BoardExportTests
{
    private const string Link = "http://lab.example/leaderboard?rate=0.1&metric=attack-success-rate";

    private static readonly DateTime At = new(2026, 11, 25, 23, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Latex_HasBooktabsSpreadNLinkAndDate() => Assert.Equal(
        """
        % Needs \usepackage{booktabs} and \usepackage{url}.
        \begin{table}
          \centering
          \caption{Attack success rate, attacks by defenses at FP32: GTSRB, ResNet-8, poison rate 10.0\%. Mean $\pm$ standard deviation over seeds, n = 1 to 3, in brackets; the best of a row is bold. 3 of 4 cells have a value; 1 failed. Taken from \url{http://lab.example/leaderboard?rate=0.1&metric=attack-success-rate} on 2026-11-25.}
          \begin{tabular}{lrrr}
            \toprule
            Attack & No defense & twin ASR & STRIP \\
            \midrule
            BadNets & 90.0\% $\pm$ 2.0 (3) & 1.0\% (1) & 50.0\% (1) \\
            Blended & 80.0\% (1) & – & failed \\
            \bottomrule
          \end{tabular}
        \end{table}

        """.ReplaceLineEndings("\n"),
        BoardExport.Table(View(), twins: true, Link, At).Latex());

    [Fact]
    public void Markdown_WithoutTwins_HasTheColumnsOfTheScreen()
    {
        var lines = BoardExport.Table(View(), twins: false, Link, At).Markdown().Split('\n');

        Assert.EndsWith($"Taken from <{Link}> on 2026-11-25.", lines[0], StringComparison.Ordinal);
        Assert.Equal(["| Attack | No defense | STRIP |", "| --- | ---: | ---: |", "| BadNets | 90.0% ± 2.0 (3) | 50.0% (1) |"], lines[2..5]);
    }

    [Fact]
    public void Csv_HasEveryDigitAndTheOutcomes()
    {
        var lines = BoardExport.WriteCsv(View()).Split("\r\n");

        Assert.Equal("gtsrb,res-net8,0.1,badnets,,attack-success-rate,Backdoored,3,0.9,0.02,0.88,0.92,no,attack-success-rate,1,0.01,,value,0,0,0,0,,,", lines[1]);
        Assert.Equal("gtsrb,res-net8,0.1,blended,strip,attack-success-rate,Backdoored,,,,,,,attack-success-rate,,,,failed,0,1,0,0,\"NaN, twice\",,", lines[4]);
        Assert.All(lines[..^1], line => Assert.Equal(lines[0].Count(letter => letter == ','), line.Replace("NaN, twice", "", StringComparison.Ordinal).Count(letter => letter == ',')));
    }

    [Fact]
    public void Json_HasASchemaVersionAndWhereItCameFrom()
    {
        using var document = JsonDocument.Parse(BoardExport.WriteJson(View(), Link, At));
        var root = document.RootElement;

        Assert.Equal((1, "leaderboard", Link), (root.GetProperty("schema").GetInt32(), root.GetProperty("kind").GetString(), root.GetProperty("link").GetString()));
        var cell = root.GetProperty("cells")[0];
        Assert.Equal((3, 0.9), (cell.GetProperty("value").GetProperty("n").GetInt32(), cell.GetProperty("value").GetProperty("mean").GetDouble()));
    }

    [Fact]
    public void Markdown_OfHostileText_StaysATable() => Assert.Contains(
        @"\|a\*b\_c \<img\>".Replace(@"\>", ">", StringComparison.Ordinal),
        new ExportTable(new("c", Link, At, ["x"]), [[new ExportCell("|a*b_c\n<img>".Replace("\n", " ", StringComparison.Ordinal))]]).Markdown(),
        StringComparison.Ordinal);

    private static BoardView View()
    {
        var metric = BoardMetrics.Find("attack-success-rate");
        BoardFilter filter = new() { Dataset = "gtsrb", Model = "res-net8", PoisonRate = 0.1, Metric = metric.Metric.Id, TwinMetric = metric.Twin!.Id };
        BoardCell Cell(string row, string defense, BoardStat? value, BoardStat? twin = null) => new()
        {
            Row = row,
            Defense = defense,
            Value = value,
            Twin = twin,
            Outcomes = new Dictionary<CellOutcome, int> { [value is null ? CellOutcome.Failed : CellOutcome.Value] = 1 },
            Reason = value is null ? "NaN, twice" : "",
        };
        return new(
            new(
                filter,
                ["badnets", "blended"],
                ["", "strip"],
                [
                    Cell("badnets", "", new(3, 0.9, 0.02, 0.88, 0.92, false), new(1, 0.01, null, 0.01, 0.01, false)),
                    Cell("badnets", "strip", new(1, 0.5, null, 0.5, 0.5, false)),
                    Cell("blended", "", new(1, 0.8, null, 0.8, 0.8, false)),
                    Cell("blended", "strip", null),
                ],
                4),
            metric, [], []);
    }
}
