namespace BackdoorLab.Data.Tests;

/// <summary>Runs and cells for tests.</summary>
internal static class Samples
{
    public const string Worker = "worker-1";

    public static NewRun Content(
        string name = "study",
        string config = "config-a",
        long seed = 1,
        string dataset = "gtsrb",
        string model = "res-net8",
        string attack = "badnets",
        int maxAttempts = 3,
        string? spec = null
    ) =>
        new()
        {
            Name = name,
            SpecJson = spec ?? Spec(dataset, model, attack),
            ConfigHash = config,
            Seed = seed,
            Dataset = dataset,
            Model = model,
            Attack = attack,
            PoisonRate = 0.1,
            TargetLabel = 0,
            EstimatedSeconds = 60,
            MaxAttempts = maxAttempts,
        };

    /// <summary>A spec with these members beside the usual ones: <c>"training":{"epochs":2}</c>.</summary>
    public static string Spec(
        string dataset = "gtsrb",
        string model = "res-net8",
        string attack = "badnets",
        string members = ""
    ) =>
        $$"""{"schema":1,"dataset":{"id":"{{dataset}}"},"model":{"id":"{{model}}"},"attack":{"id":"{{attack}}"}{{(members.Length > 0 ? "," : "")}}{{members}}}""";

    public static CellId Key(string defense = "", string precision = "float32", Victim victim = Victim.Backdoored) =>
        new(victim, precision, defense.Length == 0 ? null : defense);

    public static CellResult Value(CellId key, params (string Metric, double Value)[] numbers) =>
        new()
        {
            Id = key,
            Outcome = Outcome.Value,
            Seconds = 1.5,
            Measurements = [.. numbers.Select(number => new Measurement(number.Metric, number.Value, 100))],
        };

    public static Task<RunRef> QueuedAsync(this RunStore store, NewRun? content = null) =>
        store.SubmitAsync(content ?? Content());

    public static async Task<RunRef> RunningAsync(
        this LabFixture lab,
        NewRun? content = null,
        double leaseSeconds = 120
    )
    {
        var run = await lab.Store.QueuedAsync(content);
        Assert.True(
            await lab.Leases.TryClaimAsync(run.Id, run.Attempt, Worker, lab.Clock.UtcNow.AddSeconds(leaseSeconds))
        );
        return run;
    }

    /// <summary>A run with these cells, ended in this state. Each starts a second after the one before.</summary>
    public static async Task<string> EndedAsync(
        this LabFixture lab,
        NewRun content,
        IReadOnlyList<CellResult> cells,
        RunState state = RunState.Succeeded,
        RunChanges? first = null
    )
    {
        lab.Clock.Advance(1);
        var run = await lab.RunningAsync(content);
        Assert.True(await lab.Recording.RecordAsync(run.Id, run.Attempt, (first ?? new()) with { Cells = cells }));
        Assert.True(await lab.Leases.FinishAsync(run.Id, Worker, new RunEnd(state)));
        return run.Id;
    }

    public static async Task<RunItem> ItemAsync(this LabFixture lab, string runId) =>
        (await lab.List.FindItemAsync(runId))!;

    /// <summary>Ids of all runs that match, newest first.</summary>
    public static async Task<IReadOnlyList<string>> IdsAsync(this LabFixture lab, RunFilter filter) =>
        [.. (await lab.Streams.StatesAsync(RunSelection.All(filter))).Select(run => run.Id)];
}
