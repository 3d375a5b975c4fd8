using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Files;

/// <summary>A run that leaves one lab and arrives in another, and bundles that must not arrive.</summary>
[Trait("Category", "Slow")]
public sealed class BundleTests
{
    [Fact]
    public async Task Bundle_OfAFinishedRun_IsTheSameRunInAnotherLab()
    {
        await using var here = await TestLab.StartAsync();
        await using var there = await TestLab.StartAsync();
        var id = await new SampleRuns(here.Services, Artifacts(here)).Finished(Presets.Demo.Spec);
        await here.Bulk.TagAsync(RunSelection.Of([id]), ["paper"], []);
        using var client = new HttpClient { BaseAddress = here.Address };
        var zip = await client.GetByteArrayAsync(new Uri($"/export/runs/{id}.zip", UriKind.Relative));

        var arrived = await Reader(there).Import(new MemoryStream(zip), "ben");

        var (sent, got) = ((await here.Details.FindAsync(id))!, (await there.Details.FindAsync(arrived))!);
        Assert.Equal(
            (id, "ben", sent.Run.ConfigHash, sent.Run.CleanAccuracy),
            (got.Run.Id, got.Run.Owner, got.Run.ConfigHash, got.Run.CleanAccuracy)
        );
        Assert.Equal((sent.SpecJson, "paper"), (got.SpecJson, Assert.Single(got.Run.Tags)));
        Assert.Equal(
            sent.Cells.SelectMany(cell => cell.Measurements.Select(one => (cell.Id, one))),
            got.Cells.SelectMany(cell => cell.Measurements.Select(one => (cell.Id, one)))
        );
        Assert.Equal(sent.Curve, got.Curve);
        Assert.Equal(sent.Environment, got.Environment);
        Assert.Equal(sent.Artifacts.Select(file => file.Title), got.Artifacts.Select(file => file.Title));
        Assert.NotEmpty(got.Artifacts);
        Assert.All(
            got.Artifacts,
            file => Assert.True(File.Exists(new ArtifactStore(Artifacts(there)).PathOf(file.Stage, file.File)))
        );
        Assert.Contains(
            got.Remarks,
            remark => remark.Contains($"imported from a bundle of run {id}", StringComparison.Ordinal)
        );
        Assert.Equal(
            (await here.Details.LogTailAsync(id)).Select(line => line.Text),
            (await there.Details.LogTailAsync(arrived)).Select(line => line.Text)
        );
        Assert.NotEqual(arrived, await Reader(there).Import(new MemoryStream(zip), "ben"));
    }

    [Fact]
    public async Task Import_NeverWritesUnderTheKeyOfAStage()
    {
        await using var here = await TestLab.StartAsync();
        await using var there = await TestLab.StartAsync();
        var id = await new SampleRuns(here.Services, Artifacts(here)).Finished(Presets.Demo.Spec);
        var keys = (await here.Details.FindAsync(id))!.Artifacts.Select(file => file.Stage).ToHashSet();

        await Reader(there).Import(new MemoryStream(await Zip(here, id)), "");

        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.False(Directory.Exists(Path.Combine(Artifacts(there), key[..2], key))));
    }

    [Theory]
    [InlineData("../../evil.png")]
    [InlineData("files/../../evil.png")]
    [InlineData("files/abcdef/..")]
    [InlineData("files/abcdef/.hidden.png")]
    [InlineData("files/abcdef/run.exe")]
    [InlineData("/etc/passwd")]
    public async Task Import_OfAFileThatLeavesItsFolder_IsRefused(string name)
    {
        await using var lab = await TestLab.StartAsync();
        var zip = await Changed(lab, files => files[name] = [1]);

        var error = await Assert.ThrowsAsync<BundleException>(() => Reader(lab).Import(new MemoryStream(zip), ""));

        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_OfABomb_IsRefusedBeforeItFillsTheMemory()
    {
        await using var lab = await TestLab.StartAsync();
        var zip = await Changed(
            lab,
            files => files["files/abcdef/zeros.png"] = new byte[BundleReader.LargestContent + 1]
        );

        Assert.True(zip.Length < 2 << 20);
        Assert.Contains(
            "unpacks to more than",
            (await Assert.ThrowsAsync<BundleException>(() => Reader(lab).Import(new MemoryStream(zip), ""))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Import_OfChangedNumbers_IsRefused()
    {
        await using var lab = await TestLab.StartAsync();
        var zip = await Changed(
            lab,
            files =>
                files["run.json"] = Encoding.UTF8.GetBytes(
                    Encoding.UTF8.GetString(files["run.json"]).Replace("0.9", "0.1", StringComparison.Ordinal)
                ),
            resign: false
        );

        Assert.Contains(
            "does not match its checksum",
            (await Assert.ThrowsAsync<BundleException>(() => Reader(lab).Import(new MemoryStream(zip), ""))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("schema", "99", "version 99")]
    [InlineData("run.run.state", "\"Running\"", "had not ended")]
    [InlineData("run.run.state", "\"Nonsense\"", "cannot be read")]
    [InlineData("run.specJson", "\"{\"", "is not JSON")]
    [InlineData("run.run.state", "99", "cannot be read")]
    [InlineData("run.cells.0", "null", "run.cells[0]: is null")]
    [InlineData("run.cells.0.key", "null", "cannot be read")]
    [InlineData("run.cells.0.measurements", "[null]", "run.cells[0].measurements[0]: is null")]
    [InlineData("run.cells.0.outcome", "\"Maybe\"", "cannot be read")]
    [InlineData("run.stages.1.key", "\"key0\"", "run.stages[1]: is there more than once")]
    [InlineData("run.run.name", "\"a\\u202Eb\"", "U+202E")]
    [InlineData("run.run.ended", "null", "run.run.ended: is missing")]
    [InlineData("run.run.ended", "\"0001-01-01T00:00:00Z\"", "no date")]
    [InlineData("run.run.cleanAccuracy", "7", "from 0 to 1")]
    [InlineData("run.run.elapsedSeconds", "1e999", "too large")]
    [InlineData("run.specJson", "\"{}\"", "not one of this version")]
    public async Task Import_OfWhatThisVersionDoesNotKnow_SaysSo(string path, string value, string message)
    {
        await using var lab = await TestLab.StartAsync();
        var zip = await Changed(
            lab,
            files =>
            {
                var node = JsonNode.Parse(files["run.json"])!;
                var steps = path.Split('.');
                var parent = steps[..^1]
                    .Aggregate(
                        node,
                        (at, step) =>
                            at is JsonArray list
                                ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]!
                                : at[step]!
                    );
                if (parent is JsonArray entries)
                {
                    entries[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = JsonNode.Parse(
                        value
                    );
                }
                else
                {
                    parent[steps[^1]] = JsonNode.Parse(value);
                }

                files["run.json"] = Encoding.UTF8.GetBytes(node.ToJsonString());
            }
        );

        Assert.Contains(
            message,
            (await Assert.ThrowsAsync<BundleException>(() => Reader(lab).Import(new MemoryStream(zip), ""))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(1, (await lab.List.ListAsync(new RunFilter(), [], 0, 5)).Total);
    }

    [Fact]
    public async Task Import_OfNoZip_SaysSo()
    {
        await using var lab = await TestLab.StartAsync();

        Assert.Contains(
            "not a zip",
            (
                await Assert.ThrowsAsync<BundleException>(() => Reader(lab).Import(new MemoryStream([1, 2, 3]), ""))
            ).Message,
            StringComparison.Ordinal
        );
    }

    private static string Artifacts(TestLab lab) => Path.Combine(lab.Folder, "artifacts");

    private static BundleReader Reader(TestLab lab) => lab.Services.GetRequiredService<BundleReader>();

    private static async Task<byte[]> Zip(TestLab lab, string id)
    {
        using var content = new MemoryStream();
        Assert.True(await lab.Services.GetRequiredService<BundleWriter>().Write(id, content, default));
        return content.ToArray();
    }

    private static async Task<byte[]> Changed(
        TestLab lab,
        Action<Dictionary<string, byte[]>> change,
        bool resign = true
    )
    {
        var files = BundleFiles.Read(
            await Zip(lab, await new SampleRuns(lab.Services, Artifacts(lab)).Finished(Presets.Demo.Spec))
        );
        change(files);
        return BundleFiles.Write(files, resign);
    }
}
