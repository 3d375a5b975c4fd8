using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>
/// A lab with sign-in, an administrator who came by the link of the console, and a run and a study whose names try to
/// be code.
/// </summary>
public sealed partial class GroupFixture : IAsyncLifetime
{
    public const string Password = "correct horse battery";

    /// <summary>Runs if anything writes it into a page as anything but text.</summary>
    public const string Hostile = "\"><img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";

    public const string StudyName = "Signs and a missing set";

    /// <summary>Three seeds of a small experiment, and three of one whose files are not there.</summary>
    private const string StudyOfTwo = """
        {
          "name": "Signs and a missing set", "seeds": [1, 2, 3],
          "experiment": {
            "dataset": { "id": "synthetic-signs", "trainCount": 400, "testCount": 200 }, "model": { "id": "mlp" }, "attack": { "id": "badnets", "poisonRate": 0.2 },
            "training": { "epochs": 10, "batchSize": 32 }, "cleanHoldout": 100, "benignTwin": false,
            "precisions": [{ "id": "float32" }, { "id": "int8-dynamic" }], "defenses": [{ "id": "strip", "overlays": 10, "thresholdImages": 50 }]
          },
          "axes": [[{}, { "dataset": { "id": "cifar10" } }]]
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("backdoorlab-group-").FullName;
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private LabServer? _server;
    private Task<string>? _finished;

    internal IBrowser Browser => _browser!;

    internal LabServer Server => _server!;

    internal string RunId { get; private set; } = "";

    internal string StudyId { get; private set; } = "";

    public async Task InitializeAsync()
    {
        if (!File.Exists(Chromium.Executable))
        {
            return;
        }

        Assertions.SetDefaultExpectTimeout(60_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await Chromium.Launch(_playwright);
        _server = await LabServer.Start(
            "serve",
            _folder,
            ("BACKDOORLAB_MODE", "lab"),
            ("BACKDOORLAB_SESSIONCHECKSECONDS", "2"),
            ("BACKDOORLAB_DATA", Directory.CreateDirectory(Path.Combine(_folder, "no-data")).FullName)
        );
        await Fill();
        await using var visit = await Visit.Start(_browser, _server);
        await visit.Open(Link().Match(_server.Output).Groups[1].Value);
        await visit.Page.GetByLabel("User name").FillAsync("ada");
        await SetPassword(visit);
        await visit.Arrive("/admin/accounts");
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
        _server?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A browser in which somebody has signed in.</summary>
    internal async Task<Visit> SignedIn(string name, int width = 1280, bool dark = false)
    {
        var visit = await Visit.Start(Browser, Server, width, 844, dark);
        await visit.Open("/sign-in?returnUrl=/runs");
        await visit.Page.GetByLabel("User name").FillAsync(name);
        await visit.Page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await visit.Arrive("/runs");
        await visit.Heading("Runs");
        return visit;
    }

    /// <summary>Invites somebody and takes the invitation up for them.</summary>
    internal async Task Invite(Visit admin, string name, string role)
    {
        await admin.Open("/admin/accounts");
        await admin.Page.GetByLabel("User name").FillAsync(name);
        await admin.Page.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync(role);
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Invite" }).ClickAsync();
        var link = await admin.Page.Locator(".secret-once code").TextContentAsync();
        await using var visit = await Visit.Start(Browser, Server);
        await visit.Open(link!);
        await SetPassword(visit);
        await visit.Arrive("/");
        await visit.Heading("Overview");
        visit.Watch.AssertQuiet();
    }

    /// <summary>
    /// The id of a study of <see cref="StudyOfTwo"/> whose runs have all ended, three finished and three failed; its
    /// real runs are made when it is first asked for.
    /// </summary>
    internal Task<string> EndedStudy() => _finished ??= MakeStudy();

    // As a script would: a key, the study, and a look at it now and then.
    private async Task<string> MakeStudy()
    {
        await using var services = new ServiceCollection()
            .AddLabData(Path.Combine(_folder, "lab.db"))
            .BuildServiceProvider();
        var (_, key) = await services.GetRequiredService<ApiKeyStore>().CreateAsync("study", "ada", ApiScope.Run);
        using var client = new HttpClient { BaseAddress = new Uri(Server.Address) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        using var submitted = await client.PostAsync(
            new Uri("/api/v1/studies", UriKind.Relative),
            new StringContent(StudyOfTwo, null, "application/json")
        );
        var answer = JsonNode.Parse(await submitted.Content.ReadAsStringAsync())!;
        Assert.True(submitted.IsSuccessStatusCode, answer.ToJsonString());
        var (id, clock) = ((string)answer["id"]!, Stopwatch.StartNew());
        while (true)
        {
            var runs = JsonNode.Parse(await client.GetStringAsync(new Uri($"/api/v1/studies/{id}", UriKind.Relative)))![
                "runs"
            ]!.AsObject();
            if ((runs.Count, (int?)runs["succeeded"], (int?)runs["failed"]) == (2, 3, 3))
            {
                return id;
            }

            Assert.True(
                clock.Elapsed.TotalMilliseconds < RunPage.RunPatience,
                $"The study does not end: {runs.ToJsonString()}\n{Server.Output}"
            );
            await Task.Delay(500);
        }
    }

    private static async Task SetPassword(Visit visit)
    {
        await visit.Page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await visit.Page.GetByLabel("Password again").FillAsync(Password);
        await visit.Page.Locator("form button[type=submit]").ClickAsync();
    }

    // What no worker has to compute goes straight into the lab's database.
    private async Task Fill()
    {
        await using var services = new ServiceCollection()
            .AddLabData(Path.Combine(_folder, "lab.db"))
            .BuildServiceProvider();
        var store = services.GetRequiredService<RunStore>();
        var content = RunContent.From(Presets.Demo.Spec with { Name = Hostile }, 1) with { Owner = Hostile };
        RunId = (await store.SubmitAsync(content)).Id;
        (StudyId, var runs) = await services
            .GetRequiredService<StudyStore>()
            .CreateAsync(
                Hostile,
                Engine.Studies.StudySpec.Write(
                    Engine.Studies.StudyTemplates.All[0].Spec with
                    {
                        Name = Hostile,
                        Question = Hostile,
                    }
                ),
                [content],
                Hostile
            );
        await store.RequestCancelAsync(RunId);
        await store.RequestCancelAsync(runs[0].Id);
    }

    [GeneratedRegex(@"http://\S+?(/first-admin\?token=\S+)")]
    private static partial Regex Link();
}
