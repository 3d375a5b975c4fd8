using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Commands;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Features.Studies;

public sealed class StudyExportTests
{
    [Fact]
    public void Csv_Cells_AreTidyRowsWithQuotesGapsAndPairedChanges()
    {
        var expected = string.Join(
            "\r\n",
            "setting,precision,defense,metric,value,low,high,n,difference,diff_low,diff_high,p_value,undecided,diff_undecided",
            "\"GTSRB, 10 %\",float32,,clean-accuracy,0.95,,,1,,,,,,",
            "\"GTSRB, 10 %\",int8-dynamic,\"strip[overlays=5,draws=\"\"2\"\"]\",detection-rate,0.25,0.0125,0.5,4,-0.5,-0.75,-0.25,0.5,,",
            ""
        );
        Assert.Equal(expected, StudyCsv.Write(Small("GTSRB, 10 %")));
    }

    [Theory]
    [InlineData("=1+1", "\"'=1+1\"")]
    [InlineData("-2", "\"'-2\"")]
    [InlineData("@cmd, x", "\"'@cmd, x\"")]
    [InlineData("a=b", "a=b")]
    public void Csv_TextLikeAFormula_StaysText(string title, string field) =>
        Assert.StartsWith(field + ",float32", StudyCsv.Write(Small(title)).Split("\r\n")[1], StringComparison.Ordinal);

    [Fact]
    public void Csv_OtherCulture_KeepsThePoint()
    {
        var before = System.Globalization.CultureInfo.CurrentCulture;
        var comma = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            System.Globalization.CultureInfo.CurrentCulture = comma;
            Assert.Contains(
                "detection-rate,0.25,0.0125,0.5,4,-0.5",
                StudyCsv.Write(Small("x")),
                StringComparison.Ordinal
            );
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Latex_Setting_IsABooktabsTableOfTheRowsOnScreen()
    {
        var (report, title) = (SampleStudies.Whole(), "GTSRB_1 & co, 10 %");
        var setting = report.Settings[0] with
        {
            Defenses = [SampleStudies.Cleanse, SampleStudies.Released, SampleStudies.Pruning],
        };
        const string Expected = """
            % Needs \usepackage{booktabs}.
            \begin{table}
              \centering
              \caption{Detection rate in \%, GTSRB\_1 \& co, 10 \%, with 95 \% intervals; models: n = 10. $^\dagger$ The precision damaged the model's clean accuracy.}
              \begin{tabular}{llll}
                \toprule
                Defense & FP32 & INT8 dynamic (Linear only) & W4A4 (simulated) \\
                \midrule
                Neural Cleanse & 90.0 [55.5, 99.7] & 50.0 [18.7, 81.3] & not applicable \\
                \bottomrule
              \end{tabular}
            \end{table}

            """;
        Assert.Equal(Expected, StudyLatex.Write(title, setting, Metric.DetectionRate, released: false));
    }

    [Fact]
    public void Latex_MethodsWithSchedulesAndCeilings_HaveTheirRowsBelowTheRates()
    {
        var table = StudyLatex.Write("x", SampleStudies.WithParticulars(), Metric.DetectionRate, released: false);

        Assert.Contains(
            """
                \midrule
                Neural Cleanse: schedule & 60 x 16 (0.1\% of the reference) &  &  \\
                Neural Cleanse: index ceiling, backdoored / twin & 2.1 [1.8–2.5] / no value &  &  \\
                Neural Cleanse: log-norm index, backdoored / twin & 4.1 / 1.3 &  &  \\
            """,
            table,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Particulars_OfTheCommandLine_StandBelowTheTable()
    {
        var text = new StringWriter();
        StudyTable.Write(SampleStudies.Whole() with { Settings = [SampleStudies.WithParticulars()] }, text);

        Assert.Contains("| Defense        | Schedules and limits ", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("60 x 16 (0.1% of the reference)", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("pruned only, accuracy / attack success", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("91.0% / 20.0%", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("400 images, ±2.4 points", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Latex_ReleasedRules_CountErrorsAsMisses()
    {
        var table = StudyLatex.Write("x", SampleStudies.Whole().Settings[0], Metric.DetectionRate, released: true);
        Assert.Contains(
            @"& 90.0 [55.5, 99.7] & 0.0 [0.0, 30.8] & 0.0 [0.0, 30.8]$^\dagger$ \\",
            table,
            StringComparison.Ordinal
        );
        Assert.Contains("errors and models without an answer count as not flagged", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Latex_SpecialCharacters_ArePrintedAsTheyAre() =>
        Assert.Equal(
            @"\textbackslash{}a\_b\^\{c\}".Replace(@"\^", @"\textasciicircum{}", StringComparison.Ordinal)
                + @"\$\#\%\&\textasciitilde{}\textless{}\textgreater{}",
            LatexText.Of(@"\a_b^{c}$#%&~<>")
        );

    [Fact]
    public void Json_Report_ComesBackAsItWas()
    {
        var report = SampleStudies.Whole();
        var text = JsonSerializer.Serialize(report, SpecJson.Indented);
        var read = JsonSerializer.Deserialize<StudyReport>(text, SpecJson.Options)!;
        Assert.Equal(text, JsonSerializer.Serialize(read, SpecJson.Indented));
        Assert.Equal(
            Outcome.NotApplicable,
            read.Settings[0].Find(SampleStudies.W4A4, SampleStudies.Cleanse)!.Outcomes[0].Outcome
        );
    }

    [Theory]
    [InlineData("Quantization, blind spots", "quantization-blind-spots")]
    [InlineData("../../x", "x")]
    [InlineData("%%", "backdoorlab")]
    public void Slug_AnyText_IsAFileName(string text, string slug) => Assert.Equal(slug, FileSlug.Of(text));

    private static StudyReport Small(string title)
    {
        StudyCell[] cells =
        [
            Cell("float32", null, "clean-accuracy", new(0.95, null, null, 1), null),
            Cell(
                "int8-dynamic",
                "strip[overlays=5,draws=\"2\"]",
                "detection-rate",
                new(0.25, 0.0125, 0.5, 4),
                new(new(-0.5, -0.75, -0.25, 4), 2, 0, 0.5)
            ),
        ];
        return SampleStudies.Empty() with
        {
            Settings = [new(title, "gtsrb", "resnet8", "badnets", 0.1, ["float32", "int8-dynamic"], ["strip"], cells)],
        };
    }

    private static StudyCell Cell(
        string precision,
        string? defense,
        string metric,
        StudyValue value,
        StudyChange? change
    ) =>
        new()
        {
            Precision = precision,
            Defense = defense,
            Role = StudyRole.Inputs,
            Values = new Dictionary<string, StudyValue> { [metric] = value },
            Changes = change is null
                ? new Dictionary<string, StudyChange>()
                : new Dictionary<string, StudyChange> { [metric] = change },
            Scores = [],
            Outcomes = [],
            Notes = [],
        };
}
