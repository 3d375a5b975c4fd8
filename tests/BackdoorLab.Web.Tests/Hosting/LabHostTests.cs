using System.Net;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Hosting;

public sealed class LabHostTests
{
    private const string Policy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
        + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    [Theory]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/_framework/blazor.web.js", HttpStatusCode.OK)]
    [InlineData("/_content/MudBlazor/MudBlazor.min.css", HttpStatusCode.OK)]
    [InlineData("/artifacts/abcdef/none.png", HttpStatusCode.NotFound)]
    [InlineData("/hangfire", HttpStatusCode.NotFound)]
    public async Task Answer_OfAnyKind_CarriesThePolicyOnce(string path, HttpStatusCode status)
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(Policy, Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("strict-origin-when-cross-origin", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Artifact_InTheStore_IsServedForEverWithItsType()
    {
        await using var lab = await TestLab.StartAsync();
        var stage = StageKey.Of("test", null, ("name", "x"));
        var store = new ArtifactStore(Path.Combine(lab.Folder, "artifacts"));
        store.Write(stage, "trigger.png", [1, 2, 3]);
        store.Write(stage, "weights.bin", [4]);
        store.WriteJson(stage, "figure-1.json", new[] { 1 });
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var picture = await client.GetAsync(new Uri($"/artifacts/{stage}/trigger.png", UriKind.Relative));
        Assert.Equal("image/png", picture.Content.Headers.ContentType!.MediaType);
        Assert.Equal("public, max-age=31536000, immutable", picture.Headers.CacheControl!.ToString());
        Assert.Equal([1, 2, 3], await picture.Content.ReadAsByteArrayAsync());
        using var figure = await client.GetAsync(new Uri($"/artifacts/{stage}/figure-1.json", UriKind.Relative));
        Assert.Equal("application/json", figure.Content.Headers.ContentType!.MediaType);
        using var weights = await client.GetAsync(new Uri($"/artifacts/{stage}/weights.bin", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, weights.StatusCode);
    }

    [Theory]
    [InlineData("/artifacts/..%2f..%2f/secret.json")]
    [InlineData("/artifacts/%2e%2e/secret.json")]
    [InlineData("/artifacts/ab/..%2f..%2fsecret.json")]
    [InlineData("/artifacts/.hidden/secret.json")]
    public async Task Artifact_NameThatLeavesTheStore_IsNotFound(string path)
    {
        await using var lab = await TestLab.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(lab.Folder, "secret.json"), "{}");
        using var client = new HttpClient();

        // A raw address: the client must not tidy the dots away.
        using var answer = await client.GetAsync(
            new Uri(
                lab.Address.ToString().TrimEnd('/') + path,
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }
            )
        );

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public void Lock_TakenTwice_NamesTheFolderAndIsFreeAfterwards()
    {
        var folder = Directory.CreateTempSubdirectory("lab-").FullName;
        using (LabLock.Take(folder))
        {
            Assert.Contains(
                folder,
                Assert.Throws<LabInUseException>(() => LabLock.Take(folder)).Message,
                StringComparison.Ordinal
            );
        }

        LabLock.Take(folder).Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
