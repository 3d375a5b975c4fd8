using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace BackdoorLab.DashboardBenchmarks;

/// <summary>
/// What people who look cost: memory of the dashboard per open page, and what a live run loses to pages that watch it.
/// A real dashboard in a process of its own, real pages in Chromium. Elsewhere browsers are on other machines: here
/// they have one half of the cores, dashboard and training the other; and because both halves still share memory and
/// caches, a watched training is compared with one beside browsers that draw its charts and watch nothing.
/// </summary>
internal sealed partial class Viewers : IAsyncDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);
    private static readonly int HalfOfTheCores = Environment.ProcessorCount / 2;
    private static readonly Stopwatch Clock = Stopwatch.StartNew();
    private readonly string _lab;
    private readonly Process _server;
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    private Viewers(string lab)
    {
        _lab = lab;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (
            var argument in (string[])
                [Program(), "serve", "--lab", _lab, "--urls", "http://127.0.0.1:0", "--threads", "1"]
        )
        {
            start.ArgumentList.Add(argument);
        }

        _server = Process.Start(start)!;
        // Its workers inherit it.
        Pin(_server, HalfOfTheCores, Environment.ProcessorCount);
        _server.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null && Listening().Match(line.Data) is { Success: true } match)
            {
                _address.TrySetResult(match.Groups[1].Value);
            }
        };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
    }

    /// <summary>Starts dashboard and browser.</summary>
    /// <param name="chromium">The browser.</param>
    /// <param name="prepare">Fills the lab's folder before the dashboard starts.</param>
    public static async Task<Viewers> Start(string chromium, Func<string, Task>? prepare = null)
    {
        var lab = Directory.CreateTempSubdirectory("backdoorlab-viewers-").FullName;
        await (prepare?.Invoke(lab) ?? Task.CompletedTask);
        var viewers = new Viewers(lab);
        await viewers._address.Task.WaitAsync(TimeSpan.FromMinutes(2));
        viewers._playwright = await Playwright.CreateAsync();
        viewers._browser = await viewers._playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = chromium, Args = ["--no-sandbox"] }
        );
        foreach (var process in Browsers())
        {
            OfLiving(() => Pin(process, 0, HalfOfTheCores));
        }

        return viewers;
    }

    /// <summary>
    /// Growth of the dashboard's resident memory for each page that is open and idle, in bytes. Garbage counts too, so
    /// it is no less than the truth.
    /// </summary>
    public async Task<double> MemoryPerPage(int pages)
    {
        // What the first pages load stays for all.
        await using (await Open("/runs", 3))
        {
            await Task.Delay(3000);
        }

        var before = Resident();
        await using var open = await Open("/runs", pages);
        await Task.Delay(5000);
        return (Resident() - before) / (double)pages;
    }

    /// <summary>
    /// The queue while a run is under way: time and bytes (the page's connection and its document) until a new page
    /// shows its first waiting run, and what so many pages that stay open add to the dashboard's memory.
    /// </summary>
    public async Task<QueueLook> Queue(int pages)
    {
        using var client = new HttpClient { BaseAddress = new Uri(await _address.Task) };
        var id = await Submit(client, seed: 1);
        await using var context = await Open("/queue", 1);
        var (times, bytes) = (new List<double>(), new List<long>());
        for (var i = 0; i < 5; i++)
        {
            var page = await context.NewPageAsync();
            var received = 0L;
            page.WebSocket += (_, socket) =>
                socket.FrameReceived += (_, frame) =>
                    Interlocked.Add(ref received, frame.Binary?.Length ?? frame.Text?.Length ?? 0);
            var watch = Stopwatch.StartNew();
            var answer = await page.GotoAsync("/queue", new() { Timeout = 120_000 });
            await page.Locator("table.data tbody tr").First.WaitForAsync(new() { Timeout = 120_000 });
            times.Add(watch.Elapsed.TotalSeconds);
            bytes.Add(Interlocked.Read(ref received) + (await answer!.BodyAsync()).Length);
            await page.CloseAsync();
        }

        var before = Resident();
        await using var open = await Open("/queue", pages);
        await Task.Delay(TimeSpan.FromSeconds(20));
        var memory = Resident() - before;
        using var cancelled = await client.PostAsync(new Uri($"/api/v1/runs/{id}/cancel", UriKind.Relative), null);
        return new(times.Order().ElementAt(times.Count / 2), bytes.Max(), memory, Resident());
    }

    /// <summary>
    /// A training that so many pages watch, alone, and beside pages that draw without watching; in turns, of which the
    /// one with the median slowdown.
    /// </summary>
    public async Task<Looking> Training(int pages, int rounds)
    {
        var turns = new List<Looking>();
        for (var round = 0; round < rounds; round++)
        {
            var seed = 3 * round;
            var alone = await Train(seed, _ => Open("/", 0));
            var watched = await Train(seed + 1, run => Open($"/runs/{run}?tab=training", pages));
            turns.Add(new(alone, watched, await Train(seed + 2, _ => Drawing(pages, watched))));
        }

        return turns.OrderBy(turn => turn.Slowdown).ElementAt(rounds / 2);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
        _server.Kill(entireProcessTree: true);
        await _server.WaitForExitAsync();
        _server.Dispose();
        Directory.Delete(_lab, recursive: true);
    }

    // Far longer than what is looked at: that begins when all pages are open and live, and the run is cancelled at its
    // end.
    private async Task<Watching> Train(int seed, Func<string, Task<IBrowserContext>> look)
    {
        using var client = new HttpClient { BaseAddress = new Uri(await _address.Task) };
        var id = await Submit(client, seed);
        await using var open = await look(id);
        var (watch, before, drawn) = (Stopwatch.StartNew(), ProcessorTime(), BrowserTimes());
        var (began, from) = await Advance(client, id, TimeSpan.FromSeconds(5));
        var (ended, to) = await Advance(client, id, Window);
        var took = watch.Elapsed;
        var dashboard = (ProcessorTime() - before) / took;
        var browsers = BrowserTimes().Sum(process => (process.Value - drawn.GetValueOrDefault(process.Key)) / took);
        using var cancelled = await client.PostAsync(new Uri($"/api/v1/runs/{id}/cancel", UriKind.Relative), null);
        cancelled.EnsureSuccessStatusCode();
        while (await Run(client, id) is var run && run["state"]!.GetValue<string>() is "running" or "cancelling")
        {
            await Task.Delay(500);
        }

        var watching = new Watching(id, (to - from) / (ended - began).TotalSeconds, dashboard, browsers);
        Console.Error.WriteLine(watching);
        return watching;
    }

    private static async Task<string> Submit(HttpClient client, int seed)
    {
        var spec = JsonNode.Parse(
            """
            {"name":"watched","dataset":{"id":"synthetic-signs","trainCount":3000,"testCount":500},"model":{"id":"res-net8"},"attack":{"id":"badnets","poisonRate":0.1},
             "training":{"epochs":400,"precision":"float32"},"benignTwin":false,"cleanHoldout":100,"precisions":[{"id":"float32"}],"defenses":[]}
            """
        )!;
        spec["seed"] = seed;
        using var answer = await client.PostAsJsonAsync("/api/v1/runs", spec);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.GetValue<string>();
    }

    // The charts of a run that has ended, outside the dashboard, drawn over and over for as long as the run's watchers
    // were at work.
    private async Task<IBrowserContext> Drawing(int pages, Watching watched)
    {
        var context = await Open($"/runs/{watched.Run}?tab=training", 1);
        var source = context.Pages[0];
        await source.Locator(".js-plotly-plot .main-svg").First.WaitForAsync(new() { Timeout = 120_000 });
        var charts = await source.EvaluateAsync<string>(
            "JSON.stringify([...document.querySelectorAll('.js-plotly-plot')].map(chart => ({ data: chart.data, layout: chart.layout })))"
        );
        var library = await source.EvaluateAsync<string>(
            "fetch([...document.scripts].find(script => script.src.includes('plotly')).src).then(answer => answer.text())"
        );
        await source.CloseAsync();
        for (var i = 0; i < pages; i++)
        {
            var page = await context.NewPageAsync();
            await page.AddScriptTagAsync(new() { Content = library });
            await page.EvaluateAsync(
                """
                async ([charts, milliseconds]) => {
                  const drawn = JSON.parse(charts);
                  for (const chart of drawn) {
                    chart.host = document.body.appendChild(document.createElement("div"));
                    await Plotly.newPlot(chart.host, chart.data, chart.layout);
                  }
                  setInterval(async () => {
                    const end = performance.now() + milliseconds;
                    while (performance.now() < end)
                      for (const chart of drawn) await Plotly.react(chart.host, chart.data, { ...chart.layout });
                  }, 1000);
                }
                """,
                new object[] { charts, 1000 * watched.Browsers / pages }
            );
        }

        return context;
    }

    // The first moment after this time at which the run is further than it was: stored progress moves in steps.
    private static async Task<(TimeSpan At, double Fraction)> Advance(HttpClient client, string id, TimeSpan after)
    {
        await Task.Delay(after);
        var last = (await Run(client, id))["fraction"]!.GetValue<double>();
        for (var attempt = 0; attempt < 600; attempt++)
        {
            await Task.Delay(100);
            var run = await Run(client, id);
            if (run["state"]!.GetValue<string>() == "failed")
            {
                throw new InvalidOperationException($"The watched run failed: {run["error"]}");
            }

            if (run["fraction"]!.GetValue<double>() is var now && now > last && last > 0)
            {
                return (Clock.Elapsed, now);
            }

            last = run["fraction"]!.GetValue<double>();
        }

        throw new TimeoutException("The watched run made no progress within a minute.");
    }

    private static async Task<JsonNode> Run(HttpClient client, string id) =>
        (await client.GetFromJsonAsync<JsonNode>($"/api/v1/runs/{id}"))!["run"]!;

    // Each page is a circuit of its own, whoever shares its browser's cache.
    private async Task<IBrowserContext> Open(string path, int count)
    {
        var context = await _browser!.NewContextAsync(new() { BaseURL = await _address.Task });
        for (var i = 0; i < count; i++)
        {
            var page = await context.NewPageAsync();
            await page.GotoAsync(path, new() { Timeout = 120_000 });
            await page.Locator("main h1").WaitForAsync(new() { Timeout = 120_000 });
        }

        return context;
    }

    // Pages that are opened later belong to processes that inherit it. A single core cannot be divided.
    private static void Pin(Process process, int from, int to)
    {
        if ((OperatingSystem.IsLinux() || OperatingSystem.IsWindows()) && HalfOfTheCores > 0 && to <= 62)
        {
            process.ProcessorAffinity = (nint)((1L << to) - (1L << from));
        }
    }

    private TimeSpan ProcessorTime()
    {
        _server.Refresh();
        return _server.TotalProcessorTime;
    }

    // By process: pages that are closed take theirs along.
    private static Dictionary<int, TimeSpan> BrowserTimes()
    {
        var times = new Dictionary<int, TimeSpan>();
        foreach (var process in Browsers())
        {
            OfLiving(() => times[process.Id] = process.TotalProcessorTime);
        }

        return times;
    }

    private static IEnumerable<Process> Browsers() =>
        Process.GetProcesses().Where(process => process.ProcessName.Contains("chrom", StringComparison.Ordinal));

    private static void OfLiving(Action act)
    {
        try
        {
            act();
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended, or is somebody else's.
        }
    }

    private long Resident()
    {
        _server.Refresh();
        return _server.WorkingSet64;
    }

    // The dashboard's own output folder: there its static files are complete.
    private static string Program()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        for (var folder = output; folder is not null; folder = folder.Parent)
        {
            var program = Path.Combine(
                folder.FullName,
                "BackdoorLab.Web",
                "bin",
                output.Parent!.Name,
                output.Name,
                "BackdoorLab.Web.dll"
            );
            if (File.Exists(program))
            {
                return program;
            }
        }

        throw new FileNotFoundException("BackdoorLab.Web is not built in this configuration.");
    }

    [GeneratedRegex("BackdoorLab is at (http://[^ ]+)")]
    private static partial Regex Listening();
}

/// <summary>What the queue costs those who look and the dashboard.</summary>
/// <param name="Seconds">Until a new page shows its first waiting run; the median.</param>
/// <param name="Bytes">Received until then; the most.</param>
/// <param name="Growth">Resident bytes that the open pages add.</param>
/// <param name="Resident">Resident bytes of the whole dashboard then.</param>
internal sealed record QueueLook(double Seconds, long Bytes, long Growth, long Resident);

/// <summary>The same training in three situations, one directly after the other.</summary>
internal sealed record Looking(Watching Alone, Watching Watched, Watching Beside)
{
    /// <summary>How many times as long it takes when watched as beside pages that do not watch.</summary>
    public double Slowdown => Beside.Pace / Watched.Pace;
}

/// <summary>A training and what is beside it, once all pages are open.</summary>
/// <param name="Run">The run that trains.</param>
/// <param name="Pace">Share of the run done in a second.</param>
/// <param name="Dashboard">Processor time of the dashboard by wall time: steadier than a pace on a busy
/// machine.</param>
/// <param name="Browsers">The same of all browsers.</param>
internal sealed record Watching(string Run, double Pace, double Dashboard, double Browsers);
