using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Commands;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Check;

/// <summary>One model, one verdict: whoever asks gets the same answer for the same reason.</summary>
public sealed class VerdictTests
{
    [Theory]
    [InlineData(Decision.Flagged, null, 0.93, 3)]
    [InlineData(Decision.NotFlagged, null, 0.93, 0)]
    [InlineData(Decision.NotDecidable, UndecidedReason.NormCeiling, 0.93, 4)]
    [InlineData(Decision.NotDecidable, UndecidedReason.LowAccuracy, 0.409, 4)]
    public async Task Verdict_OfOneModel_IsTheSameOnPageApiReportExportsBundleAndCommandLine(
        Decision decision,
        UndecidedReason? reason,
        double accuracy,
        int code
    )
    {
        await using var lab = await TestLab.StartAsync();
        var silent = reason switch
        {
            UndecidedReason.LowAccuracy => CheckedModel.Doubt(accuracy),
            { } other => Verdict.NotDecidable(other, ("index-ceiling", 1.3), ("detector-threshold", 2)),
            null => null,
        };
        var id = await CheckRuns.Finished(
            lab.Services,
            Path.Combine(lab.Folder, "artifacts"),
            decision == Decision.Flagged,
            accuracy,
            silent
        );
        using var client = new HttpClient { BaseAddress = lab.Address };
        var run = (await lab.Details.FindAsync(id))!;

        var page = CheckVerdict.Of(run);
        var sentence = Assert.Single(page.Detectors).Sentence;
        Assert.Equal((decision, reason), (page.Verdict!.Decision, page.Verdict.Reason));
        Assert.Equal(
            (VerdictWords.Of(decision), VerdictWords.Sentence(page.Verdict)),
            (page.Detectors[0].Word, sentence)
        );

        var api = JsonNode.Parse(await client.GetStringAsync(new Uri($"/api/v1/runs/{id}/cells", UriKind.Relative)))!;
        foreach (
            var said in new[]
            {
                api["verdict"],
                api["cells"]!.AsArray().Single(cell => (string)cell!["defense"]! == "neural-cleanse")!["verdict"],
            }
        )
        {
            Assert.Equal(decision.ToString(), (string)said!["decision"]!, ignoreCase: true);
            Assert.Equal(
                (reason is { } why ? ReasonCode.Of(why) : "", sentence),
                ((string)said["reason"]!, (string)said["sentence"]!)
            );
        }

        var report = System.Net.WebUtility.HtmlDecode(
            await client.GetStringAsync(new Uri(LabUrls.Report(id), UriKind.Relative))
        );
        Assert.Contains(
            $"<div class=\"verdict {page.Style}\"><strong>{page.Title}</strong>",
            report,
            StringComparison.Ordinal
        );
        Assert.Contains(sentence, report, StringComparison.Ordinal);
        foreach (var table in new[] { $"/api/v1/runs/{id}/cells.csv", $"/export/numbers.csv?ids={id}" })
        {
            Assert.Contains(
                $",{decision},{(reason is { } why ? ReasonCode.Of(why) : "")}\r\n",
                await client.GetStringAsync(new Uri(table, UriKind.Relative)),
                StringComparison.Ordinal
            );
        }

        var zip = await client.GetByteArrayAsync(new Uri(LabUrls.Bundle(id), UriKind.Relative));
        var arrived = CheckVerdict.Of(
            (
                await lab.Details.FindAsync(
                    await lab.Services.GetRequiredService<BundleReader>().Import(new MemoryStream(zip), "")
                )
            )!
        );
        Assert.Equal((page.Title, page.Text, sentence), (arrived.Title, arrived.Text, arrived.Detectors[0].Sentence));

        Assert.Equal(code, CheckCommand.ExitCode(RunEnding.Completed, run.Cells, page));
    }

    [Theory]
    [InlineData(Decision.Flagged, 3)]
    [InlineData(Decision.NotFlagged, 1)]
    [InlineData(Decision.NotDecidable, 1)]
    public void ExitCode_WhereAnotherDetectorFailed_IsAFailureUnlessTheModelIsFlagged(Decision decision, int code)
    {
        CellId undefended = new(Victim.Suspect, KnownLabels.ReferencePrecision, null),
            one = undefended with { Defense = "neural-cleanse" };
        CellResult[] cells =
        [
            new()
            {
                Id = undefended,
                Outcome = Outcome.Value,
                Measurements = [new(Metric.CleanAccuracy.Id, 0.9)],
            },
            new()
            {
                Id = one,
                Outcome = Outcome.Value,
                Verdict = new() { Decision = decision },
            },
            new()
            {
                Id = one with { Defense = "neural-cleanse-gradient-free" },
                Outcome = Outcome.TimedOut,
                Reason = "It took longer.",
            },
        ];

        Assert.Equal(code, CheckCommand.ExitCode(RunEnding.Completed, cells, CheckVerdict.Of(cells, ended: true)));
    }

    [Theory]
    [InlineData("\"norm-ceiling\"", UndecidedReason.NormCeiling)]
    [InlineData("\"of-another-version\"", null)]
    [InlineData("\"\"", null)]
    [InlineData("null", null)]
    public void Reason_OfABundleOrAResult_IsItsCodeWhateverTheOtherEnumerationsAre(string code, UndecidedReason? reason)
    {
        JsonSerializerOptions bundle = new() { Converters = { new JsonStringEnumConverter() } };

        var read = JsonSerializer.Deserialize<Verdict>($$"""{"Decision":"NotDecidable","Reason":{{code}}}""", bundle)!;

        Assert.Equal((Decision.NotDecidable, reason), (read.Decision, read.Reason));
        Assert.Contains(
            reason is null ? "\"Reason\":\"\"" : "\"Reason\":\"norm-ceiling\"",
            JsonSerializer.Serialize(read, bundle),
            StringComparison.Ordinal
        );
        Assert.Throws<JsonException>(() =>
            JsonSerializer.Deserialize<Verdict>("""{"Decision":"NotDecidable","Reason":3}""", bundle)
        );
    }

    [Fact]
    public void Verdict_OfResultsOfBeforeVerdictsWereKept_IsUnknownAndNothingElse()
    {
        CellId undefended = new(Victim.Suspect, KnownLabels.ReferencePrecision, null);
        CellResult[] cells =
        [
            new()
            {
                Id = undefended,
                Outcome = Outcome.Value,
                Measurements = [new(Metric.CleanAccuracy.Id, 0.9)],
            },
            new()
            {
                Id = undefended with { Defense = "neural-cleanse" },
                Outcome = Outcome.Value,
                Measurements = [new("flagged", 1)],
                Notes = ["Suspicious: class 'stop' (label 14)"],
            },
        ];

        var verdict = CheckVerdict.Of(cells, ended: true);

        Assert.Equal((null, "Unknown", "unknown"), (verdict.Verdict, verdict.Title, verdict.Detectors[0].Word));
    }

    [Fact]
    public void Help_OfCheck_ListsItsExitCodes()
    {
        foreach (
            var words in new[] { "0 not flagged", "3 flagged", "4 not decidable", "2 the file", "1 a detector failed" }
        )
        {
            Assert.Contains(words, CheckCommand.Create().Description, StringComparison.Ordinal);
        }
    }
}
