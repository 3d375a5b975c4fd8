using System.Net;
using System.Text.Json;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Tests.Pages;

namespace BackdoorLab.Web.Tests.Runs;

[Collection("lab")]
public sealed class ExportTests
{
    [Fact]
    public async Task Export_OfAFilter_HoldsAllItsRunsOnEveryPage()
    {
        await using var lab = await TestLab.StartAsync();
        var samples = new SampleRuns(lab.Store, Path.Combine(lab.Folder, "artifacts"));
        for (var seed = 0; seed < 30; seed++)
        {
            await lab.Store.CreateAsync(BackdoorLab.Web.Runs.RunContent.From(Presets.Quick.Spec with { Seed = seed, Name = "=1+1, \"quoted\"" }, 1));
        }

        var finished = await samples.Finished(Presets.Demo.Spec);
        using var client = new HttpClient { BaseAddress = lab.Address };

        var drafts = (await client.GetStringAsync(new Uri("/export/runs.csv?state=Draft&page=2", UriKind.Relative))).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var numbers = (await client.GetStringAsync(new Uri($"/export/numbers.csv?ids={finished}", UriKind.Relative))).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        using var json = JsonDocument.Parse(await client.GetStringAsync(new Uri("/export/runs.json", UriKind.Relative)));

        Assert.Equal(31, drafts.Length);
        Assert.Contains(",\"'=1+1, \"\"quoted\"\"\",Draft,", drafts[1], StringComparison.Ordinal);
        Assert.All(numbers.Skip(1), row => Assert.StartsWith(finished + ",", row, StringComparison.Ordinal));
        Assert.Contains(numbers, row => row.Contains(",Backdoored,float32,,Value,,clean-accuracy,0.", StringComparison.Ordinal));
        Assert.Equal(31, json.RootElement.GetProperty("runs").GetArrayLength());
        Assert.Equal(1, json.RootElement.GetProperty("schema").GetInt32());
        using var unknown = await client.GetAsync(new Uri("/export/secrets.csv", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }
}
