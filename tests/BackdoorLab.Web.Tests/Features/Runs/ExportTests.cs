using System.Net;
using System.Text.Json;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Features.Runs;

public sealed class ExportTests
{
    [Fact]
    public async Task Export_OfAFilter_HoldsAllItsRunsOnEveryPage()
    {
        await using var lab = await TestLab.StartAsync();
        var samples = new SampleRuns(lab.Services, Path.Combine(lab.Folder, "artifacts"));
        for (var seed = 0; seed < 30; seed++)
        {
            await lab.Store.SubmitAsync(
                RunContent.From(Presets.Quick.Spec with { Seed = seed, Name = "=1+1, \"quoted\"" }, 1)
            );
        }

        var finished = await samples.Finished(Presets.Demo.Spec);
        using var client = new HttpClient { BaseAddress = lab.Address };

        var queued = (
            await client.GetStringAsync(new Uri("/export/runs.csv?state=Queued&page=2", UriKind.Relative))
        ).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var numbers = (
            await client.GetStringAsync(new Uri($"/export/numbers.csv?ids={finished}", UriKind.Relative))
        ).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        using var json = JsonDocument.Parse(
            await client.GetStringAsync(new Uri("/export/runs.json", UriKind.Relative))
        );

        Assert.Equal(31, queued.Length);
        Assert.Contains(",\"'=1+1, \"\"quoted\"\"\",Queued,", queued[1], StringComparison.Ordinal);
        Assert.All(numbers.Skip(1), row => Assert.StartsWith(finished + ",", row, StringComparison.Ordinal));
        Assert.Contains(
            numbers,
            row => row.Contains(",Backdoored,float32,,Value,,clean-accuracy,0.", StringComparison.Ordinal)
        );
        Assert.Equal(31, json.RootElement.GetProperty("runs").GetArrayLength());
        Assert.Equal(3, json.RootElement.GetProperty("schema").GetInt32());
        Assert.Contains(
            json.RootElement.GetProperty("runs").EnumerateArray(),
            entry =>
                entry.GetProperty("run").GetProperty("state").GetString() == "Succeeded"
                && entry
                    .GetProperty("cells")
                    .EnumerateArray()
                    .Any(cell => cell.GetProperty("outcome").GetString() == "NotApplicable")
        );
        using var unknown = await client.GetAsync(new Uri("/export/secrets.csv", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Table_OfAFilter_SaysWhatItHoldsAndWhereItCameFrom()
    {
        await using var lab = await TestLab.StartAsync();
        var samples = new SampleRuns(lab.Services, Path.Combine(lab.Folder, "artifacts"));
        await samples.Finished(Presets.Demo.Spec with { Name = "50 % & more", Seed = 1 });
        await samples.Failed(Presets.Demo.Spec with { Seed = 2 });
        using var client = new HttpClient { BaseAddress = lab.Address };

        var latex = await client.GetStringAsync(new Uri("/export/runs.tex?q=ca%3E90%25", UriKind.Relative));
        var markdown = (await client.GetStringAsync(new Uri("/export/runs.md?state=Failed", UriKind.Relative))).Split(
            '\n'
        );

        Assert.Equal("% Needs \\usepackage{booktabs} and \\usepackage{url}.", latex.Split('\n')[0]);
        Assert.Contains(
            @"\caption{Runs that match: ca\textgreater{}90\%. Clean accuracy (CA)",
            latex,
            StringComparison.Ordinal
        );
        Assert.Contains(
            $@"n = 1). Taken from \url{{http://{lab.Address.Authority}/runs?q=ca\%3E90\%25}} on 20",
            latex,
            StringComparison.Ordinal
        );
        Assert.Contains(@"\begin{tabular}{lllllrrrr}", latex, StringComparison.Ordinal);
        Assert.Equal(
            @"    50 \% \& more & Synthetic signs & ResNet-8 & BadNets & finished & 10.0\% & 1 & 95.1\% & 98.7\% \\",
            Rows(latex).Single()
        );
        Assert.EndsWith("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n", latex, StringComparison.Ordinal);
        Assert.StartsWith("Runs that match: state Failed. ", markdown[0], StringComparison.Ordinal);
        Assert.Equal("| --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: |", markdown[3]);
        Assert.Contains("| failed |", Assert.Single(markdown[4..], line => line.Length > 0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Table_OfAGroupedList_HasMeanSpreadAndN()
    {
        await using var lab = await TestLab.StartAsync();
        var samples = new SampleRuns(lab.Services, Path.Combine(lab.Folder, "artifacts"));
        await samples.Finished(Presets.Demo.Spec with { Seed = 1 });
        await samples.Finished(Presets.Demo.Spec with { Seed = 2 }, 0.02);
        using var client = new HttpClient { BaseAddress = lab.Address };

        var latex = await client.GetStringAsync(new Uri("/export/runs.tex?group=attack", UriKind.Relative));

        // 95.1 and 97.1 %: mean 96.1, sample standard deviation 1.4; 98.7 and 100 %: mean 99.4, deviation 0.9.
        Assert.Contains("All runs, by attack. ", latex, StringComparison.Ordinal);
        Assert.Contains(@"mean $\pm$ standard deviation over seeds of one condition", latex, StringComparison.Ordinal);
        Assert.Equal(@"    BadNets & 2 & 2 & 96.1 $\pm$ 1.4\% (2) & 99.4 $\pm$ 0.9\% (2) \\", Rows(latex).Single());
    }

    private static IEnumerable<string> Rows(string latex) =>
        latex
            .Split('\n')
            .SkipWhile(line => !line.Contains("midrule", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => !line.Contains("bottomrule", StringComparison.Ordinal));
}
