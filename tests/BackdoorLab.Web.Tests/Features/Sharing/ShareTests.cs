using System.Net;
using System.Security.Claims;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Sharing;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Sharing;

public sealed class ShareTests
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    [Fact]
    public async Task Link_Open_ShowsItsPageAndCounts()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var run = await lab.Samples.Finished(Presets.Demo.Spec);
        var (_, token) = await Store(lab).CreateAsync(ShareKind.Run, [run], "t", "ada", Month, false);
        using var visitor = lab.Visitor();

        using var answer = await visitor.Get(LabUrls.Shared(token));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Equal(1, (await Store(lab).ListAsync(ShareKind.Run, [run])).Single().Opened);
    }

    [Fact]
    public async Task Link_ToOneRun_GivesItsFilesAndNoOthers()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var shared = await lab.Samples.Finished(Presets.Demo.Spec);
        var artifacts = new ArtifactStore(Path.Combine(lab.Lab.Folder, "artifacts"));
        var other = StageKey.Of("test", null, ("name", "other"));
        artifacts.Write(other, "secret.png", [1]);
        var (_, token) = await Store(lab).CreateAsync(ShareKind.Run, [shared], "t", "ada", Month, false);
        using var visitor = lab.Visitor();

        Assert.Equal(
            HttpStatusCode.OK,
            await visitor.Status(LabUrls.Shared(token) + "/artifacts/samplepictures/clean.png")
        );
        Assert.Equal(
            HttpStatusCode.NotFound,
            await visitor.Status($"{LabUrls.Shared(token)}/artifacts/{other}/secret.png")
        );
        Assert.Equal(
            HttpStatusCode.NotFound,
            await visitor.Status(LabUrls.Shared(token) + "/artifacts/samplepictures/..%2f..%2flab.db")
        );
        foreach (
            var path in new[]
            {
                "/",
                "/runs",
                $"/runs/{shared}",
                "/artifacts/samplepictures/clean.png",
                "/account",
                "/admin/shares",
            }
        )
        {
            Assert.Equal(HttpStatusCode.Redirect, await visitor.Status(path));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await visitor.Status($"/api/v1/runs/{shared}"));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.NotFound)]
    public async Task Link_AskedForABundle_GivesItWhereDownloadsAreAllowed(bool allowed, HttpStatusCode status)
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var (shared, other) = (
            await lab.Samples.Finished(Presets.Demo.Spec),
            await lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 })
        );
        var (_, token) = await Store(lab).CreateAsync(ShareKind.Run, [shared], "t", "ada", Month, allowed);
        using var visitor = lab.Visitor();

        Assert.Equal(status, await visitor.Status($"{LabUrls.Shared(token)}/export/runs/{shared}.zip"));
        Assert.Equal(HttpStatusCode.NotFound, await visitor.Status($"{LabUrls.Shared(token)}/export/runs/{other}.zip"));
        Assert.Equal(HttpStatusCode.Redirect, await visitor.Status($"/export/runs/{shared}.zip"));
    }

    [Fact]
    public async Task Link_OfEachKind_ReachesItsRunsAlone()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var (study, runs) = await lab
            .Lab.Services.GetRequiredService<StudyStore>()
            .CreateAsync("s", "{}", [Content(1), Content(2)]);
        var (alone, other) = (
            (await lab.Lab.Store.SubmitAsync(Content(3))).Id,
            (await lab.Lab.Store.SubmitAsync(Content(4))).Id
        );
        var store = Store(lab);

        Assert.Equal([runs[0].Id, runs[1].Id], await Reached(ShareKind.Study, study));
        Assert.Equal([alone], await Reached(ShareKind.Run, alone));
        Assert.Equal([runs[0].Id, alone], await Reached(ShareKind.Comparison, runs[0].Id, alone));
        Assert.Empty(await Reached(ShareKind.Dashboard, study));
        await lab.Lab.Services.GetRequiredService<StudyStore>().DeleteAsync(study, deleted: true);
        Assert.Empty(await Reached(ShareKind.Study, study));

        async Task<List<string>> Reached(ShareKind kind, params string[] targets)
        {
            var (_, token) = await store.CreateAsync(kind, targets, "", "ada", Month, false);
            var link = (await store.FindOpenAsync(token))!;
            var reached = new List<string>();
            foreach (var id in new[] { runs[0].Id, runs[1].Id, alone, other })
            {
                if (await store.ReachesAsync(link, id))
                {
                    reached.Add(id);
                }
            }

            return reached;
        }
    }

    [Fact]
    public async Task Link_ToAView_ReachesTheRunsThatMeetItsConditionNow()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var store = Store(lab);
        var (first, other) = (
            await lab.Samples.Finished(Presets.Demo.Spec),
            await lab.Samples.Finished(Presets.Demo.Spec with { Seed = 2 })
        );
        await lab.Lab.Bulk.TagAsync(RunSelection.Of([first]), ["paper"], []);
        var token = await AsResearcher(
            lab,
            shares => shares.Create(ShareKind.View, ["q=tag:paper&sort=Name&page=3"], "Paper", 30, allowDownloads: true)
        );
        var link = (await store.FindOpenAsync(token.Split('/')[^1]))!;
        using var visitor = lab.Visitor();

        Assert.Equal([first], await store.ReachedAsync(link, [other, first]));
        Assert.Equal(HttpStatusCode.OK, await visitor.Status(token));
        Assert.Equal(HttpStatusCode.OK, await visitor.Status($"{token}/artifacts/samplepictures/clean.png"));
        Assert.Equal(HttpStatusCode.OK, await visitor.Status($"{token}/export/runs/{first}.zip"));
        Assert.Equal(HttpStatusCode.NotFound, await visitor.Status($"{token}/export/runs/{other}.zip"));

        // What meets the condition later is seen then; what meets it no more, or is thrown away, is not.
        await lab.Lab.Bulk.TagAsync(RunSelection.Of([other]), ["paper"], []);
        await lab.Lab.Bulk.TagAsync(RunSelection.Of([first]), [], ["paper"]);
        Assert.Equal([other], await store.ReachedAsync(link, [other, first]));
        await lab.Lab.Bulk.DeleteAsync(RunSelection.Of([other]));
        Assert.Empty(await store.ReachedAsync(link, [other, first]));
        Assert.Equal(HttpStatusCode.NotFound, await visitor.Status($"{token}/export/runs/{first}.zip"));
        Assert.Equal(HttpStatusCode.NotFound, await visitor.Status($"{token}/artifacts/samplepictures/clean.png"));
    }

    [Fact]
    public async Task Link_ToAView_KeepsItsConditionWhenTheViewIsSavedAnew()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var views = lab.Services.GetRequiredService<ViewStore>();
        var run = await lab.Samples.Finished(Presets.Demo.Spec);
        var view = await views.SaveAsync("Ours", "/runs", "q=name:nothing", "", shared: true);
        var token = await AsResearcher(
            lab,
            shares => shares.Create(ShareKind.View, [view.Query], view.Name, 30, false)
        );

        await views.SaveAsync("Ours", "/runs", "q=attack:badnets", "", shared: true);

        Assert.Empty(await Store(lab).ReachedAsync((await Store(lab).FindOpenAsync(token.Split('/')[^1]))!, [run]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("archived=1")]
    [InlineData("state=Nonsense")]
    [InlineData("q=atack:badnets")]
    [InlineData("q=attack:badnets rate:much")]
    public async Task View_ThatWouldOpenMoreThanItSays_IsNotShared(string query)
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            AsResearcher(lab, shares => shares.Create(ShareKind.View, [query], "t", 30, false))
        );

        Assert.Empty(await Store(lab).ListAsync());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("nonsense")]
    [InlineData("""{"Filter":{"Deleted":true},"Sort":[],"Query":""}""")]
    public async Task Link_ToAViewThatIsNone_ReachesNothing(string target)
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var run = await lab.Samples.Finished(Presets.Demo.Spec);
        var (_, token) = await Store(lab).CreateAsync(ShareKind.View, [target], "", "ada", Month, true);

        Assert.Empty(await Store(lab).ReachedAsync((await Store(lab).FindOpenAsync(token))!, [run]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Link_Ended_TellsNothing(bool revoked)
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var run = await lab.Samples.Finished(Presets.Demo.Spec with { Name = "Secret project" });
        var (id, token) = await Store(lab)
            .CreateAsync(
                ShareKind.Run,
                [run],
                "Secret project",
                "ada",
                revoked ? Month : TimeSpan.FromMilliseconds(1),
                true
            );
        await Task.Delay(20);
        if (revoked)
        {
            await Store(lab).RevokeAsync(id);
        }

        using var visitor = lab.Visitor();
        using var answer = await visitor.Get(LabUrls.Shared(token));
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        Assert.Contains("opens nothing any more", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Secret", html, StringComparison.Ordinal);
        Assert.DoesNotContain("ada", html, StringComparison.Ordinal);
        Assert.Equal(
            HttpStatusCode.Gone,
            await visitor.Status(LabUrls.Shared(token) + "/artifacts/samplepictures/clean.png")
        );
        Assert.Equal(0, (await Store(lab).ListAsync()).Single().Opened);
    }

    [Fact]
    public async Task Token_InTheDatabase_IsAHash()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var (_, token) = await Store(lab).CreateAsync(ShareKind.Run, ["x"], "", "ada", Month, false);
        var (_, key) = await lab.Services.GetRequiredService<ApiKeyStore>().CreateAsync("k", "ada", ApiScope.Read);

        Assert.Equal(43, token.Length);
        Assert.NotEqual(token, (await Store(lab).CreateAsync(ShareKind.Run, ["x"], "", "ada", Month, false)).Token);
        LabPools.Clear(lab.Lab.Folder);
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection(
            $"Data Source={Path.Combine(lab.Lab.Folder, "lab.db")};Mode=ReadOnly"
        );
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT group_concat(TokenHash) || (SELECT group_concat(KeyHash || Prefix) FROM ApiKeys) FROM ShareLinks";
        var stored = (string)(await command.ExecuteScalarAsync())!;
        Assert.Contains(Secret.Hash(token), stored, StringComparison.Ordinal);
        Assert.Contains(Secret.Hash(key), stored, StringComparison.Ordinal);
        Assert.DoesNotContain(token, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(key, stored, StringComparison.Ordinal);
    }

    private static async Task<string> AsResearcher(GroupLab lab, Func<Shares, Task<string>> action)
    {
        await using var scope = lab.Services.CreateAsyncScope();
        scope
            .ServiceProvider.GetRequiredService<Actor>()
            .Set(
                new ClaimsPrincipal(
                    new ClaimsIdentity(
                        [new(ClaimTypes.Name, "ada"), new(ClaimTypes.Role, nameof(LabRole.Researcher))],
                        "test"
                    )
                )
            );
        return await action(scope.ServiceProvider.GetRequiredService<Shares>());
    }

    private static ShareStore Store(GroupLab lab) => lab.Services.GetRequiredService<ShareStore>();

    private static NewRun Content(int seed) =>
        new()
        {
            SpecJson = "{}",
            ConfigHash = "c",
            Seed = seed,
            Dataset = "d",
            Model = "m",
            Attack = "a",
        };
}
