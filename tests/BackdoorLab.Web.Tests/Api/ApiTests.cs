using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Security;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Api;

[Trait("Category", "Slow")]
public sealed class ApiTests
{
    [Fact]
    public async Task Key_OfScopeRun_SubmitsInItsOwnersName()
    {
        await using var lab = await GroupLab.StartAsync();
        using var client = await Client(lab, "researcher", ApiScope.Run);

        using var answer = await Post(client, "/api/v1/runs", SpecJson.Write(TinySpec.Short));

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var id = (string)(await Json(answer))!["id"]!;
        Assert.Equal($"/api/v1/runs/{id}", answer.Headers.Location!.OriginalString);
        Assert.Equal(1, (await lab.Services.GetRequiredService<AuditLog>().ListAsync("researcher", id, 0, 10)).Total);
        using var found = await client.GetAsync(answer.Headers.Location);
        Assert.Equal(TinySpec.Short.Name, (string?)(await Json(found))!["run"]!["name"]);
    }

    [Theory]
    [InlineData("viewer", ApiScope.Run)]
    [InlineData("researcher", ApiScope.Read)]
    public async Task Key_WithoutTheRight_ReadsAlone(string owner, ApiScope scope)
    {
        await using var lab = await GroupLab.StartAsync();
        using var client = await Client(lab, owner, scope);

        using var read = await client.GetAsync(new Uri("/api/v1/runs", UriKind.Relative));
        using var submit = await Post(client, "/api/v1/runs", SpecJson.Write(TinySpec.Short));

        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, submit.StatusCode);
    }

    [Theory]
    [InlineData("researcher", ApiScope.Run, HttpStatusCode.Created)]
    [InlineData("researcher", ApiScope.Read, HttpStatusCode.Forbidden)]
    [InlineData("viewer", ApiScope.Run, HttpStatusCode.Forbidden)]
    public async Task Study_Submitted_QueuesItsRunsForThoseWhoMay(string owner, ApiScope scope, HttpStatusCode status)
    {
        await using var lab = await GroupLab.StartAsync();
        using var client = await Client(lab, owner, scope);

        using var answer = await Post(client, "/api/v1/studies", Study(2));

        Assert.Equal(status, answer.StatusCode);
        var runs = await lab.Lab.List.ListAsync(new(), [], 0, 10);
        Assert.Equal(status == HttpStatusCode.Created ? 2 : 0, runs.Total);
        Assert.All(runs.Items, run => Assert.Equal("researcher", run.Owner));
    }

    [Fact]
    public async Task Study_Submitted_IsFoundUnderItsAddress()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await Post(client, "/api/v1/studies", Study(2));
        var submitted = (await Json(answer))!;
        using var found = await client.GetAsync(answer.Headers.Location);
        using var runs = await client.GetAsync(new Uri($"/api/v1/runs?q=study:{submitted["id"]}", UriKind.Relative));

        Assert.Equal(2, (int)submitted["runs"]!);
        Assert.Equal("from a script", (string?)(await Json(found))!["name"]);
        Assert.Equal(2, (await Json(runs))!["runs"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.NotFound, await Status(client, "/api/v1/studies/0123456789ab"));
    }

    [Theory]
    [InlineData("{}", 1)]
    [InlineData(
        """{"name":"x","seeds":[1],"experiment":{"dataset":{"id":"mnits"},"attack":{"id":"badnets","poisonRate":7}}}""",
        2
    )]
    public async Task Study_WithFaults_IsAnsweredWithAllOfThem(string body, int least)
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await Post(client, "/api/v1/studies", body);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.True((await Json(answer))!["faults"]!.AsArray().Count >= least);
    }

    [Theory]
    [InlineData("q=asr%3E90%25", 1)]
    [InlineData("q=state:finished%20demo", 1)]
    [InlineData("q=-state:finished", 1)]
    [InlineData("q=seed:2", 1)]
    [InlineData("q=attack:badnets", 2)]
    [InlineData("q=attack:badnets&text=nothing", 0)]
    [InlineData("q=attack:badnets&state=failed", 1)]
    public async Task List_WithConditions_MeansWhatTheSearchBoxMeans(string query, int count)
    {
        await using var lab = await GroupLab.StartAsync();
        await lab.Samples.Finished(Presets.Demo.Spec with { Seed = 1, Name = "demo" });
        await lab.Samples.Failed(Presets.Demo.Spec with { Seed = 2, Name = "other" });
        using var client = await Client(lab, "viewer", ApiScope.Read);

        using var answer = await client.GetAsync(new Uri($"/api/v1/runs?{query}", UriKind.Relative));

        Assert.Equal(count, (await Json(answer))!["runs"]!.AsArray().Count);
    }

    [Fact]
    public async Task List_WithAConditionThatIsNone_SaysSoInsteadOfLeavingItOut()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await client.GetAsync(new Uri("/api/v1/runs?q=atack:x%20seed:much", UriKind.Relative));
        var problem = (await Json(answer))!;

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, await Status(client, "/api/v1/runs?state=failed&state=asleep"));
        Assert.Equal(2, problem["faults"]!.AsArray().Count);
        Assert.Contains("There is no field 'atack'", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_RevokedOrOfADisabledOwner_OpensNothing()
    {
        await using var lab = await GroupLab.StartAsync();
        var keys = lab.Services.GetRequiredService<ApiKeyStore>();
        using var first = await Client(lab, "viewer", ApiScope.Read);
        using var second = await Client(lab, "researcher", ApiScope.Run);
        using var admin = await Client(lab, "admin", ApiScope.Run);

        Assert.Equal(
            HttpStatusCode.Forbidden,
            await Status(admin, "/admin/accounts") is HttpStatusCode.Redirect
                ? HttpStatusCode.Forbidden
                : HttpStatusCode.OK
        );
        await keys.RevokeAsync((await keys.ListAsync("viewer")).Single().Id, "viewer");
        await SignInTests.AsAdmin(lab, accounts => accounts.SetDisabled("researcher", true));

        Assert.Equal(HttpStatusCode.Unauthorized, await Status(first, "/api/v1/runs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(second, "/api/v1/runs"));
        Assert.Equal(HttpStatusCode.OK, await Status(admin, "/api/v1/runs"));
    }

    [Fact]
    public async Task LocalLab_CallerOnTheSameMachine_NeedsNoKey()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await Post(client, "/api/v1/runs", SpecJson.Write(TinySpec.Short));

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    [Fact]
    public async Task Submit_SpecWithFaults_ListsThemAll()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await Post(
            client,
            "/api/v1/runs",
            """{ "dataset": { "id": "mnits" }, "attack": { "id": "badnets", "poisonRate": 7 } }"""
        );
        var problem = await Json(answer);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains(problem!["faults"]!.AsArray(), fault => (string)fault!["path"]! == "attack.poisonRate");
        Assert.True(problem["faults"]!.AsArray().Count >= 2);
    }

    [Fact]
    public async Task Submit_OtherThanJson_IsRefused()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var form = await client.PostAsync(
            new Uri("/api/v1/runs", UriKind.Relative),
            new StringContent("{}", null, "text/plain")
        );
        using var huge = await Post(client, "/api/v1/runs", new string(' ', (1 << 20) + 1));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, form.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
    }

    [Fact]
    public async Task Submit_WithABodyOfUnsaidLength_IsReadUpToTheLimit()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await client.PostAsJsonAsync("/api/v1/runs", new { dataset = new { id = "mnits" } });
        using var huge = await client.PostAsJsonAsync("/api/v1/runs", new { name = new string('x', 1 << 20) });

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
    }

    [Fact]
    public async Task List_PageByPage_NeitherRepeatsNorSkips()
    {
        await using var lab = await TestLab.StartAsync();
        var ids = new List<string>();
        for (var seed = 0; seed < 5; seed++)
        {
            ids.Add((await lab.Store.SubmitAsync(RunContent.From(TinySpec.Short with { Seed = seed }, 1))).Id);
        }

        using var client = new HttpClient { BaseAddress = lab.Address };
        var (read, path) = (new List<string>(), "/api/v1/runs?limit=2");
        for (string? next = ""; next is not null; path = $"/api/v1/runs?limit=2&after={next}")
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            var page = (await Json(answer))!;
            read.AddRange(page["runs"]!.AsArray().Select(run => (string)run!["id"]!));
            next = (string?)page["next"];

            // One that comes in between is not seen, and pushes none out.
            await lab.Store.SubmitAsync(RunContent.From(TinySpec.Short, 1));
        }

        Assert.Equal(ids.Order(), read.Order());
        using var wrong = await client.GetAsync(new Uri("/api/v1/runs?after=nonsense", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task Cells_OfAFinishedRun_ComeAsJsonAndCsv()
    {
        await using var lab = await GroupLab.StartAsync();
        var id = await lab.Samples.Finished(Presets.Demo.Spec);
        using var client = await Client(lab, "viewer", ApiScope.Read);

        using var cells = await client.GetAsync(new Uri($"/api/v1/runs/{id}/cells", UriKind.Relative));
        var csv = await client.GetStringAsync(new Uri($"/api/v1/runs/{id}/cells.csv", UriKind.Relative));

        var json = (await Json(cells))!;
        Assert.Equal(2, (int)json["schemaVersion"]!);
        Assert.Contains(
            json["cells"]!.AsArray(),
            cell => (string)cell!["outcome"]! == "notApplicable" && ((string)cell["reason"]!).Length > 0
        );
        Assert.StartsWith(
            "run,model,precision,defense,outcome,reason,metric,value,low,high,n,verdict,verdict_reason\r\n",
            csv,
            StringComparison.Ordinal
        );
        Assert.Contains($"{id},Backdoored,float32,,Value,,attack-success-rate,0.987,", csv, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await Status(client, "/api/v1/runs/0123456789ab/cells"));
    }

    [Fact]
    public async Task Cancel_OfAWaitingRun_ShowsItsState()
    {
        await using var lab = await TestLab.StartAsync();
        var id = (await lab.Store.SubmitAsync(RunContent.From(TinySpec.Short, 1))).Id;
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var waiting = await client.PostAsync(new Uri($"/api/v1/runs/{id}/cancel", UriKind.Relative), null);
        using var again = await client.PostAsync(new Uri($"/api/v1/runs/{id}/cancel", UriKind.Relative), null);
        using var unknown = await client.PostAsync(new Uri("/api/v1/runs/0123456789ab/cancel", UriKind.Relative), null);

        Assert.Equal("cancelled", (string?)(await Json(waiting))!["state"]);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task OpenApi_Document_DescribesEveryDoorOfTheApi()
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };
        using var answer = await client.GetAsync(new Uri("/api/v1/openapi.json", UriKind.Relative));
        var document = (await Json(answer))!;

        Assert.Equal(
            [
                "/api/v1/runs",
                "/api/v1/runs/{id}",
                "/api/v1/runs/{id}/cancel",
                "/api/v1/runs/{id}/cells",
                "/api/v1/runs/{id}/cells.csv",
            ],
            document["paths"]!
                .AsObject()
                .Select(path => path.Key)
                .Where(path => path.StartsWith("/api/v1/runs", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
        Assert.DoesNotContain(
            document["paths"]!.AsObject(),
            path => !path.Key.StartsWith("/api/", StringComparison.Ordinal)
        );
        Assert.Equal(
            ["/api/v1/studies", "/api/v1/studies/{id}"],
            document["paths"]!
                .AsObject()
                .Select(path => path.Key)
                .Where(path => path.StartsWith("/api/v1/studies", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
        var list = document["paths"]!["/api/v1/runs"]!["get"]!["parameters"]!.AsArray();
        Assert.Contains(
            "asr>90%",
            (string?)list.Single(parameter => (string?)parameter!["name"] == "q")!["description"],
            StringComparison.Ordinal
        );
        Assert.NotNull(document["paths"]!["/api/v1/studies"]!["post"]!["responses"]!["422"]);
        Assert.Equal("http", (string?)document["components"]!["securitySchemes"]!["bearer"]!["type"]);
    }

    private static string Study(int seeds) =>
        new JsonObject
        {
            ["name"] = "from a script",
            ["seeds"] = new JsonArray([.. Enumerable.Range(1, seeds).Select(seed => JsonValue.Create(seed))]),
            ["experiment"] = JsonNode.Parse(SpecJson.Write(TinySpec.Short)),
        }.ToJsonString();

    private static async Task<HttpClient> Client(GroupLab lab, string owner, ApiScope scope)
    {
        var (_, key) = await lab.Services.GetRequiredService<ApiKeyStore>().CreateAsync("test", owner, scope);
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
        {
            BaseAddress = lab.Lab.Address,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private static Task<HttpResponseMessage> Post(HttpClient client, string path, string json) =>
        client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(json, null, "application/json"));

    private static async Task<HttpStatusCode> Status(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }

    private static async Task<JsonNode?> Json(HttpResponseMessage answer) =>
        JsonNode.Parse(await answer.Content.ReadAsStringAsync());
}
