using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Web.Features.Leaderboard;
using BackdoorLab.Web.Shared.Export;

namespace BackdoorLab.Web.Tests.Features.Leaderboard;

/// <summary>Documents of the leaderboard, in full: what people paste into papers.</summary>
public sealed class BoardExportTests
{
    private const string Link = "http://lab.example/leaderboard?rate=0.1&metric=attack-success-rate";

    private static readonly DateTime At = new(2026, 11, 25, 23, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Latex_HasBooktabsSpreadNLinkAndDate() =>
        Assert.Equal(
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
            BoardExport.Table(View(), twins: true, Link, At).Latex()
        );

    [Fact]
    public void Markdown_WithoutTwins_HasTheColumnsOfTheScreen()
    {
        var lines = BoardExport.Table(View(), twins: false, Link, At).Markdown().Split('\n');

        Assert.EndsWith($"Taken from <{Link}> on 2026-11-25.", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            ["| Attack | No defense | STRIP |", "| --- | ---: | ---: |", "| BadNets | 90.0% ± 2.0 (3) | 50.0% (1) |"],
            lines[2..5]
        );
    }

    [Fact]
    public void Csv_HasEveryDigitAndTheOutcomes()
    {
        var lines = BoardExport.WriteCsv(View()).Split("\r\n");

        Assert.Equal(
            "gtsrb,res-net8,0.1,badnets,,,,attack-success-rate,Backdoored,3,0.9,0.02,0.88,0.92,0,0,no,attack-success-rate,1,0.01,,,no,value,0,0,0,0,,,",
            lines[1]
        );
        Assert.Equal(
            "gtsrb,res-net8,0.1,blended,,,strip,attack-success-rate,Backdoored,,,,,,,0,no,attack-success-rate,,,,,no,failed,0,1,0,0,\"NaN, twice\",,",
            lines[4]
        );
        Assert.All(
            lines[..^1],
            line =>
                Assert.Equal(
                    lines[0].Count(letter => letter == ','),
                    line.Replace("NaN, twice", "", StringComparison.Ordinal).Count(letter => letter == ',')
                )
        );
    }

    [Fact]
    public void Json_HasASchemaVersionAndWhereItCameFrom()
    {
        using var document = JsonDocument.Parse(BoardExport.WriteJson(View(), Link, At));
        var root = document.RootElement;

        Assert.Equal(
            (2, "leaderboard", Link),
            (
                root.GetProperty("schema").GetInt32(),
                root.GetProperty("kind").GetString(),
                root.GetProperty("link").GetString()
            )
        );
        var cell = root.GetProperty("cells")[0];
        Assert.Equal(
            (3, 0.9),
            (
                cell.GetProperty("value").GetProperty("n").GetInt32(),
                cell.GetProperty("value").GetProperty("mean").GetDouble()
            )
        );
    }

    [Fact]
    public void Documents_OfSeveralConditions_SayWhatDistinguishesRowsAndWhatIsPooled()
    {
        const string Two =
            """{"training":{"epochs":2},"data":{"classes":4,"source":"a","testImages":20,"trainImages":80},"dataset":{"id":"image-folder","path":"clean4"}}""";
        const string Six =
            """{"training":{"epochs":6},"data":{"classes":2,"source":"b","testImages":10,"trainImages":40},"dataset":{"id":"image-folder","path":"two"}}""";
        var metric = BoardMetrics.Find("attack-success-rate");
        BoardFilter filter = new()
        {
            Dataset = "image-folder",
            Model = "mlp",
            PoisonRate = 0.1,
            Metric = metric.Metric.Id,
            TwinMetric = metric.Twin!.Id,
            Pool = ["width"],
        };
        BoardCell Cell(string row, SeedStat value, int damaged = 0) =>
            new()
            {
                Row = row,
                Defense = "",
                Value = value,
                Damaged = damaged,
                Outcomes = new Dictionary<Outcome, int> { [Outcome.Value] = value.N },
            };
        BoardRow Row(string id, string condition, Dictionary<string, IReadOnlyList<string>> pooled) =>
            new(id, "badnets", condition, pooled, ["r"]);
        BoardView view = new(
            new(
                filter,
                ["badnets#1", "badnets#2"],
                [""],
                [
                    Cell("badnets#1", new(1, 0.9, null, 0.89, 0.91, 1)),
                    Cell("badnets#2", new(2, 0.5, 0.1, 0.4, 0.6, 0), 3),
                ],
                4
            )
            {
                Conditions = new Dictionary<string, BoardRow>
                {
                    ["badnets#1"] = Row("badnets#1", Six, []),
                    ["badnets#2"] = Row("badnets#2", Two, new() { ["model.width"] = ["16", "8"] }),
                },
            },
            metric,
            [],
            []
        );

        var table = BoardExport.Table(view, twins: false, Link, At).Markdown();

        Assert.Contains(
            "| BadNets, path clean4, 4 classes, 80 training images, 2 epochs; pooled over width: 8, 16 | 50.0% ± 10.0 (2) |",
            table,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "| BadNets, path two, 2 classes, 40 training images, 6 epochs | 90.0% (1), repeats disagree: 89.0% to 91.0% |",
            table,
            StringComparison.Ordinal
        );
        Assert.Contains("Pooled over width as asked for", table, StringComparison.Ordinal);
        Assert.Contains(
            "3 values on models that learnt nothing, or whose backdoor did not take, are in no mean, rank or best.",
            table,
            StringComparison.Ordinal
        );
        Assert.Contains(
            ",badnets,\"path clean4, 4 classes, 80 training images, 2 epochs\",\"pooled over width: 8, 16\",,",
            BoardExport.WriteCsv(view),
            StringComparison.Ordinal
        );
        Assert.Contains("\"epochs\": 6", BoardExport.WriteJson(view, Link, At), StringComparison.Ordinal);
        Assert.Equal("n = 1, repeats disagree: 89.0% to 91.0%", BoardWords.Of(view, "badnets#1", "").Detail);
        Assert.Equal("± 10.0, n = 2, pooled, 3 damaged left out", BoardWords.Of(view, "badnets#2", "").Detail);
        Assert.Equal(["width", "data", "epochs"], view.Axes.Select(axis => axis.Words));
    }

    [Fact]
    public void Markdown_OfHostileText_StaysATable() =>
        Assert.Contains(
            @"\|a\*b\_c \<img\>".Replace(@"\>", ">", StringComparison.Ordinal),
            new ExportTable(
                new("c", Link, At, ["x"]),
                [
                    [new ExportCell("|a*b_c\n<img>".Replace("\n", " ", StringComparison.Ordinal))],
                ]
            ).Markdown(),
            StringComparison.Ordinal
        );

    internal static BoardView View()
    {
        var metric = BoardMetrics.Find("attack-success-rate");
        BoardFilter filter = new()
        {
            Dataset = "gtsrb",
            Model = "res-net8",
            PoisonRate = 0.1,
            Metric = metric.Metric.Id,
            TwinMetric = metric.Twin!.Id,
        };
        BoardCell Cell(string row, string defense, SeedStat? value, SeedStat? twin = null) =>
            new()
            {
                Row = row,
                Defense = defense,
                Value = value,
                Twin = twin,
                Outcomes = new Dictionary<Outcome, int> { [value is null ? Outcome.Failed : Outcome.Value] = 1 },
                Reason = value is null ? "NaN, twice" : "",
            };
        return new(
            new(
                filter,
                ["badnets", "blended"],
                ["", "strip"],
                [
                    Cell("badnets", "", new(3, 0.9, 0.02, 0.88, 0.92, 0), new(1, 0.01, null, 0.01, 0.01, 0)),
                    Cell("badnets", "strip", new(1, 0.5, null, 0.5, 0.5, 0)),
                    Cell("blended", "", new(1, 0.8, null, 0.8, 0.8, 0)),
                    Cell("blended", "strip", null),
                ],
                4
            ),
            metric,
            [],
            []
        );
    }
}
