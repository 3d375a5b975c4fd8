using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.DashboardBenchmarks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

var lab = new Option<string>("--lab") { Description = "Folder of the lab; its database is filled up.", Required = true };
var runs = new Option<int>("--runs") { Description = "How many runs there shall be.", DefaultValueFactory = _ => 20_000 };
var sizes = new Option<int[]>("--sizes") { Description = "Numbers of runs to measure at.", DefaultValueFactory = _ => [20_000, 100_000], AllowMultipleArgumentsPerToken = true };
var folder = new Option<string>("--folder") { Description = "Where the measured labs are kept.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "backdoorlab-dashboard-bench") };

var seed = new Command("seed", "Fills a lab with made-up finished runs.") { lab, runs };
seed.SetAction(async (parsed, _) =>
{
    await using var services = await Open(parsed.GetValue(lab)!);
    await Fill(services, parsed.GetValue(runs));
    return 0;
});

var root = new RootCommand("The dashboard's budgets on databases of made-up runs. Exit code 1 when one is missed.") { sizes, folder, seed };
root.SetAction(async (parsed, _) =>
{
    var missed = 0;
    foreach (var size in parsed.GetValue(sizes)!.Order())
    {
        await using var services = await Open(Path.Combine(parsed.GetValue(folder)!, size.ToString(CultureInfo.InvariantCulture)));
        await Fill(services, size);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{size:#,0} runs with {SampleLab.Metrics} numbers each"));
        var budgets = new Budgets(services.GetRequiredService<ResultQueries>());
        await budgets.Run();
        missed += budgets.Missed;
    }

    return missed == 0 ? 0 : 1;
});
return await root.Parse(args).InvokeAsync();

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
        runs, done => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done:#,0} of {runs:#,0} runs, {watch.Elapsed.TotalSeconds:F0} s")));
}
