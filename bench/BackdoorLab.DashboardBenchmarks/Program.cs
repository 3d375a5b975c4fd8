using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BackdoorLab.DashboardBenchmarks;
using BackdoorLab.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

var lab = new Option<string>("--lab")
{
    Description = "Folder of the lab; its database is filled up.",
    Required = true,
};
var runs = new Option<int>("--runs")
{
    Description = "How many runs there shall be.",
    DefaultValueFactory = _ => 20_000,
};
var sizes = new Option<int[]>("--sizes")
{
    Description = "Numbers of runs to measure at.",
    DefaultValueFactory = _ => [20_000, 100_000],
    AllowMultipleArgumentsPerToken = true,
};
var folder = new Option<string>("--folder")
{
    Description = "Where the measured labs are kept.",
    DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "backdoorlab-dashboard-bench"),
};

var seed = new Command("seed", "Fills a lab with made-up finished runs.") { lab, runs };
seed.SetAction(
    async (parsed, _) =>
    {
        await using var services = await Open(parsed.GetValue(lab)!);
        await Fill(services, parsed.GetValue(runs));
        return 0;
    }
);

var chromium = new Option<string>("--chromium")
{
    Description = "The browser whose pages look.",
    DefaultValueFactory = _ => "/usr/bin/chromium",
};
var pages = new Option<int>("--pages") { Description = "Pages that are open at once.", DefaultValueFactory = _ => 30 };
var rounds = new Option<int>("--rounds")
{
    Description = "Trainings without and with watchers, in turns.",
    DefaultValueFactory = _ => 3,
};
var viewers = new Command("viewers", "What pages that look cost: memory each, and speed of a run that they watch.")
{
    chromium,
    pages,
    rounds,
};
viewers.SetAction((parsed, _) => Look(parsed.GetValue(chromium)!, parsed.GetValue(pages), parsed.GetValue(rounds)));

var waiting = new Option<int>("--waiting") { Description = "Runs that wait.", DefaultValueFactory = _ => 10_000 };
var queue = new Command("queue", "What the page of the queue costs while thousands wait and one runs.")
{
    chromium,
    pages,
    waiting,
};
queue.SetAction((parsed, _) => Queue(parsed.GetValue(chromium)!, parsed.GetValue(pages), parsed.GetValue(waiting)));

var root = new RootCommand("The dashboard's budgets on databases of made-up runs. Exit code 1 when one is missed.")
{
    sizes,
    folder,
    chromium,
    pages,
    rounds,
    waiting,
    seed,
    viewers,
    queue,
};
root.SetAction(
    async (parsed, _) =>
    {
        var missed = 0;
        foreach (var size in parsed.GetValue(sizes)!.Order())
        {
            await using var services = await Open(
                Path.Combine(parsed.GetValue(folder)!, size.ToString(CultureInfo.InvariantCulture))
            );
            await Fill(services, size);
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"\n{size:#,0} runs with {SampleLab.Metrics} numbers each")
            );
            var budgets = ActivatorUtilities.CreateInstance<Budgets>(services);
            await budgets.Run();
            missed += budgets.Missed;
        }

        Console.WriteLine();
        if (File.Exists(parsed.GetValue(chromium)!))
        {
            missed += await Queue(parsed.GetValue(chromium)!, parsed.GetValue(pages), parsed.GetValue(waiting));
            missed += await Look(parsed.GetValue(chromium)!, parsed.GetValue(pages), parsed.GetValue(rounds));
        }
        else
        {
            Console.WriteLine($"- pages that look: not measured, there is no browser at {parsed.GetValue(chromium)}");
        }

        return missed == 0 ? 0 : 1;
    }
);
return await root.Parse(args).InvokeAsync();

static async Task<int> Queue(string chromium, int pages, int waiting)
{
    await using var viewers = await Viewers.Start(
        chromium,
        async lab =>
        {
            await using var services = await Open(lab);
            await new SampleLab(services.GetRequiredService<IDbContextFactory<LabDbContext>>()).Queue(waiting);
        }
    );
    var look = await viewers.Queue(pages);
    var (fast, small, light) = (look.Seconds < 1, look.Bytes < 300_000, look.Resident < 500L << 20);
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"- queue with {waiting:#,0} waiting and one running: first view {look.Seconds:F2} s (budget 1 s) {(fast ? "met" : "MISSED")}, {look.Bytes / 1000.0:F0} KB (budget 300 KB) {(small ? "met" : "MISSED")}"
        )
    );
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"- dashboard with {pages} such pages open: {look.Resident / 1048576.0:F0} MB (budget 500 MB) {(light ? "met" : "MISSED")}; the pages add {look.Growth / 1048576.0:F0} MB"
        )
    );
    return new[] { fast, small, light }.Count(met => !met);
}

static async Task<int> Look(string chromium, int pages, int rounds)
{
    await using var viewers = await Viewers.Start(chromium);
    var megabytes = await viewers.MemoryPerPage(pages) / 1048576;
    var turn = await viewers.Training(pages, rounds);
    var (alone, watched, beside) = turn;
    var (small, quick) = (megabytes <= 5, turn.Slowdown <= 1.05);
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"- memory per idle page, {pages} open: {megabytes:F1} MB (budget 5 MB) {(small ? "met" : "MISSED")}"
        )
    );
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"- a training that {pages} pages watch takes {turn.Slowdown:F3} times as long as beside {pages} pages that draw its charts without watching (budget 1.05) {(quick ? "met" : "MISSED")}; the median of {rounds}"
        )
    );
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"  - {alone.Pace / watched.Pace:F3} times as long as with no page open, where the machine's halves share memory; cores of the dashboard {watched.Dashboard:F2} watched, {beside.Dashboard:F2} not, {alone.Dashboard:F2} alone; of the browsers {watched.Browsers:F2} and {beside.Browsers:F2}"
        )
    );
    return (small ? 0 : 1) + (quick ? 0 : 1);
}

static async Task<ServiceProvider> Open(string folder)
{
    Directory.CreateDirectory(folder);
    var services = new ServiceCollection().AddLabData(Path.Combine(folder, "lab.db")).BuildServiceProvider();
    await services.GetRequiredService<LabDatabase>().MigrateAsync();
    return services;
}

static async Task Fill(ServiceProvider services, int runs)
{
    var watch = Stopwatch.StartNew();
    await new SampleLab(services.GetRequiredService<IDbContextFactory<LabDbContext>>()).Fill(
        runs,
        done =>
            Console.Error.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{done:#,0} of {runs:#,0} runs, {watch.Elapsed.TotalSeconds:F0} s"
                )
            )
    );
}
