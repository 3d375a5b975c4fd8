using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Check;

/// <summary>
/// A model file over HTTP: who may send it, what stays of it, and the report of a check on the way back.
/// </summary>
[Trait("Category", "Slow")]
public sealed class ModelUploadTests
{
    [Fact]
    public async Task Upload_OfWeights_IsKeptByItsContent()
    {
        await using var lab = await GroupLab.StartAsync();
        using var researcher = await lab.Visitor(LabRole.Researcher);
        var content = CheckRuns.Weights();

        using var answer = await Send(researcher, "C:\\models\\my model.safetensors", content);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var told = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(
            ("my model.safetensors", CheckRuns.Hash(content), content.Length),
            ((string)told["name"]!, (string)told["sha256"]!, (int)told["bytes"]!)
        );
        Assert.Equal([CheckRuns.Hash(content) + ".safetensors"], Files(lab));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(lab.Lab.Folder, "models", Files(lab)[0])));
        var line = Assert.Single(
            (await lab.Services.GetRequiredService<AuditLog>().ListAsync(null, null, 0, 50)).Rows,
            entry => entry.Action == "send-model"
        );
        Assert.Equal(("researcher", "my model.safetensors"), (line.Actor, line.Detail));
    }

    [Fact]
    public async Task Upload_ByAViewer_IsForbidden()
    {
        await using var lab = await GroupLab.StartAsync();
        using var viewer = await lab.Visitor(LabRole.Viewer);
        using var content = new ByteArrayContent(CheckRuns.Weights());

        using var token = await viewer.Get(LabUrls.ModelToken);
        using var answer = await viewer.Client.PostAsync(
            new Uri($"{LabUrls.Models}?name=a.safetensors", UriKind.Relative),
            content
        );

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (token.StatusCode, answer.StatusCode));
        Assert.Empty(Files(lab));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not a token")]
    public async Task Upload_WithoutThePagesToken_IsRefused(string? token)
    {
        await using var lab = await GroupLab.StartAsync();
        using var researcher = await lab.Visitor(LabRole.Researcher);

        using var answer = await Send(researcher, "a.safetensors", CheckRuns.Weights(), token ?? "");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(
            "does not carry the page's token",
            await answer.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
        Assert.Empty(Files(lab));
    }

    [Fact]
    public async Task Upload_OfTooMuch_IsRefusedWhetherItsLengthIsToldOrNot()
    {
        await using var lab = await GroupLab.StartAsync(options => options.MaxModelMegabytes = 1);
        using var researcher = await lab.Visitor(LabRole.Researcher);
        var content = new byte[2 << 20];

        using var told = await Send(researcher, "a.safetensors", content);
        using var untold = await Send(researcher, "a.safetensors", content, chunked: true);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, told.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, untold.StatusCode);
        Assert.Contains("more than 1 MB", await untold.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(Files(lab));
    }

    [Theory]
    [InlineData("a.pth", "neither safetensors nor")]
    [InlineData("a name of its own", "neither safetensors nor")]
    public async Task Upload_OfSomethingElse_SaysWhyAndLeavesNothing(string name, string reason)
    {
        await using var lab = await GroupLab.StartAsync();
        using var researcher = await lab.Visitor(LabRole.Researcher);

        using var answer = await Send(researcher, name, Encoding.UTF8.GetBytes("this is no model"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains(
            reason,
            (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!,
            StringComparison.Ordinal
        );
        Assert.Empty(Files(lab));
    }

    [Fact]
    public async Task Upload_ThatBreaksOff_LeavesNothing()
    {
        await using var lab = await GroupLab.StartAsync();
        using var researcher = await lab.Visitor(LabRole.Researcher);

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var request = Request("a.safetensors", new BrokenContent(), await Token(researcher));
            using var answer = await researcher.Client.SendAsync(request);
        });

        for (var i = 0; i < 100 && Files(lab).Length > 0; i++)
        {
            await Task.Delay(50);
        }

        Assert.Empty(Files(lab));
    }

    [Fact]
    public async Task Report_OfACheck_IsOnePageThatLoadsNothing()
    {
        await using var lab = await GroupLab.StartAsync();
        using var viewer = await lab.Visitor(LabRole.Viewer);
        var id = await CheckRuns.Finished(lab.Lab.Services, Path.Combine(lab.Lab.Folder, "artifacts"), flagged: true);

        using var answer = await viewer.Get(LabUrls.Report(id));
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal(
            (HttpStatusCode.OK, "text/html", $"backdoorlab-check-{id}.html"),
            (
                answer.StatusCode,
                answer.Content.Headers.ContentType!.MediaType,
                answer.Content.Headers.ContentDisposition!.FileName
            )
        );
        Assert.Contains("Flagged: class &#39;&lt;stop&gt;&#39; (label 3)", html, StringComparison.Ordinal);
        Assert.Contains("src=\"data:image/png;base64,", html, StringComparison.Ordinal);
        Assert.Contains("93.0% of 1,000 test images", html, StringComparison.Ordinal);
        Assert.Contains("It may be a false alarm", html, StringComparison.Ordinal);
        foreach (
            var word in new[]
            {
                "http:",
                "https:",
                "//cdn",
                "<script",
                "<link",
                "@import",
                "url(",
                "<stop>",
                "twin",
                "Detection rate",
            }
        )
        {
            Assert.DoesNotContain(word, html, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Report_OfARunThatIsNoCheck_IsNotThere()
    {
        await using var lab = await GroupLab.StartAsync();
        using var viewer = await lab.Visitor(LabRole.Viewer);
        var run = await lab.Samples.Finished(BackdoorLab.Engine.Experiments.Presets.Demo.Spec);

        Assert.Equal(HttpStatusCode.NotFound, await viewer.Status(LabUrls.Report(run)));
        Assert.Equal(HttpStatusCode.NotFound, await viewer.Status(LabUrls.Report("0123456789ab")));
    }

    [Fact]
    public async Task Bundle_OfACheck_ArrivesWithItsVerdictAndWithoutItsFile()
    {
        await using var here = await TestLab.StartAsync();
        await using var there = await TestLab.StartAsync();
        var id = await CheckRuns.Finished(here.Services, Path.Combine(here.Folder, "artifacts"), flagged: true);
        using var client = new HttpClient { BaseAddress = here.Address };
        var zip = await client.GetByteArrayAsync(new Uri(LabUrls.Bundle(id), UriKind.Relative));

        var arrived = (
            await there.Details.FindAsync(
                await there.Services.GetRequiredService<BundleReader>().Import(new MemoryStream(zip), "")
            )
        )!;

        var (sent, got) = (CheckVerdict.Of((await here.Details.FindAsync(id))!), CheckVerdict.Of(arrived));
        Assert.Equal((Decision.Flagged, sent.Title, sent.Text), (got.Verdict!.Decision, got.Title, got.Text));
        Assert.True(RunWords.IsCheck(arrived.Run));
        Assert.Contains(
            "data:image/png",
            await there.Services.GetRequiredService<CheckReport>().Write(arrived.Run.Id, default),
            StringComparison.Ordinal
        );
        Assert.Null(await there.Services.GetRequiredService<ModelShelf>().Find(CheckRuns.Spec.Suspect!));
    }

    [Fact]
    public async Task Purge_OfChecks_RemovesTheFileWithItsLastOne()
    {
        await using var lab = await TestLab.StartAsync();
        await using var scope = lab.Services.CreateAsyncScope();
        var content = CheckRuns.Weights();
        var model = await lab.Services.GetRequiredService<ModelShelf>().Add("a.safetensors", new MemoryStream(content));
        var spec = CheckRuns.Spec with { Suspect = model.Suspect };
        string[] checks = [await Finished(), await Finished()];
        var (desk, files) = (
            scope.ServiceProvider.GetRequiredService<RunDesk>(),
            lab.Services.GetRequiredService<RunFiles>()
        );
        await lab.Bulk.DeleteAsync(RunSelection.Of(checks));

        await desk.Purge(RunSelection.Of([checks[0]]));
        Assert.NotNull(await lab.Services.GetRequiredService<ModelShelf>().Find(model.Suspect));
        var bytes = files.Size(
            await lab.Services.GetRequiredService<NamedFiles>().FreedByPurgeAsync(RunSelection.Of([checks[1]]))
        );
        await desk.Purge(RunSelection.Of([checks[1]]));

        Assert.Equal(content.Length, bytes);
        Assert.Null(await lab.Services.GetRequiredService<ModelShelf>().Find(model.Suspect));

        Task<string> Finished() =>
            CheckRuns.Finished(
                lab.Services,
                artifacts: Path.Combine(lab.Folder, "artifacts"),
                flagged: null,
                spec: spec
            );
    }

    [Fact]
    public async Task Upload_AfterADay_ClearsFilesThatNoRunNames()
    {
        await using var lab = await TestLab.StartAsync();
        var shelf = lab.Services.GetRequiredService<ModelShelf>();
        var (named, forgotten, start) = (await Add(10), await Add(11), await Add(9));
        await lab.Store.SubmitAsync(RunContent.From(CheckRuns.Spec with { Suspect = named.Suspect }, 2, 60));
        await lab.Store.SubmitAsync(RunContent.From(Presets.Demo.Spec with { Start = start.Start }, 2, 60));
        foreach (var file in new DirectoryInfo(Path.Combine(lab.Folder, "models")).EnumerateFiles())
        {
            file.LastWriteTimeUtc = DateTime.UtcNow.AddDays(-2);
        }

        var latest = await Add(12);

        Assert.Null(await shelf.Find(forgotten.Suspect));
        Assert.NotNull(await shelf.Find(named.Suspect));
        Assert.NotNull(await shelf.Find(start.Start));
        Assert.NotNull(await shelf.Find(latest.Suspect));

        Task<ShelvedModel> Add(int classes) => shelf.Add("a.safetensors", new MemoryStream(CheckRuns.Weights(classes)));
    }

    private static string[] Files(GroupLab lab)
    {
        var folder = Path.Combine(lab.Lab.Folder, "models");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))]
            : [];
    }

    private static async Task<string> Token(Visitor visitor)
    {
        using var answer = await visitor.Get(LabUrls.ModelToken);
        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task<HttpResponseMessage> Send(
        Visitor visitor,
        string name,
        byte[] content,
        string? token = null,
        bool chunked = false
    )
    {
        using HttpContent body = chunked ? new StreamContent(new Unmeasured(content)) : new ByteArrayContent(content);
        using var request = Request(name, body, token ?? await Token(visitor));
        return await visitor.Client.SendAsync(request);
    }

    private static HttpRequestMessage Request(string name, HttpContent content, string token)
    {
        var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri($"{LabUrls.Models}?name={Uri.EscapeDataString(name)}", UriKind.Relative)
        )
        {
            Content = content,
        };
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.ExpectContinue = false;
        request.Headers.Add("RequestVerificationToken", token);
        return request;
    }

    // A stream whose length nobody can ask for is sent in chunks.
    private sealed class Unmeasured(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }

    private sealed class BrokenContent : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[300_000]);
            await stream.FlushAsync();
            throw new IOException("the cable was pulled");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 1_000_000;
            return true;
        }
    }
}
