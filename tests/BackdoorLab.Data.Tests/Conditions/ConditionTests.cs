using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Tests.Conditions;

/// <summary>What decides a number besides the seed: every member of a spec in turn, and what must not matter.</summary>
public sealed class ConditionTests : LabTest
{
    private const string Spec = """
        {"schema":1,"name":"a","seed":1,"dataset":{"id":"image-folder","path":"clean4","trainLimit":0},"model":{"id":"mlp","width":8},
        "attack":{"id":"badnets","poisonRate":0.1},"training":{"epochs":6,"precision":"auto"},"precisions":[{"id":"float32"},{"id":"int4","granularity":"per-channel"}],
        "defenses":[{"id":"strip","overlays":5},{"id":"strip","overlays":10}],"benignTwin":true,"cleanHoldout":10,"cellTimeLimit":0,"preflight":false}
        """;

    private static readonly DataContent Content = new("aaaa", "bbbb", 4, 80, 20);
    private static readonly Dictionary<string, string> Machine = new()
    {
        ["threads"] = "2",
        ["bfloat16Instructions"] = "no",
        ["processor"] = "one",
    };

    [Theory]
    [InlineData("\"clean4\"", "\"two\"")]
    [InlineData("\"trainLimit\":0", "\"trainLimit\":40")]
    [InlineData("\"width\":8", "\"width\":16")]
    [InlineData("\"poisonRate\":0.1", "\"poisonRate\":0.2")]
    [InlineData("\"epochs\":6", "\"epochs\":2")]
    [InlineData("\"cleanHoldout\":10", "\"cleanHoldout\":20")]
    [InlineData("\"cleanHoldout\":10", "\"cleanHoldout\":10,\"somethingNew\":1")]
    [InlineData("\"cleanHoldout\":10", "\"cleanHoldout\":10,\"federation\":{\"rounds\":3}")]
    public void Setup_OtherMember_IsAnotherCondition(string from, string to) =>
        Assert.NotEqual(Setup(Spec, null), Setup(Spec.Replace(from, to, StringComparison.Ordinal), null));

    [Theory]
    [InlineData("\"name\":\"a\"", "\"name\":\"b\"")]
    [InlineData("\"seed\":1", "\"seed\":2")]
    [InlineData("\"benignTwin\":true", "\"benignTwin\":false")]
    [InlineData("\"cellTimeLimit\":0", "\"cellTimeLimit\":9")]
    [InlineData("{\"id\":\"strip\",\"overlays\":5},", "")]
    [InlineData("{\"id\":\"float32\"},", "")]
    [InlineData("\"poisonRate\":0.1", "\"poisonRate\":1e-1")]
    [InlineData("\"epochs\":6,\"precision\":\"auto\"", "\"precision\":\"auto\",\"epochs\":6")]
    public void Setup_WhatDecidesNoModel_StaysOut(string from, string to) =>
        Assert.Equal(Setup(Spec, null), Setup(Spec.Replace(from, to, StringComparison.Ordinal), null));

    [Fact]
    public void Setup_OfKnownData_IsByContentAndNotByFolder()
    {
        var moved = Spec.Replace("clean4", "copy-of-clean4", StringComparison.Ordinal);

        Assert.Equal(Setup(Spec, Content), Setup(moved, Content));
        Assert.Equal(Setup(Spec, Content), Setup(Spec, Content with { Fingerprint = "another seed's draw" }));
        Assert.NotEqual(Setup(Spec, Content), Setup(Spec, Content with { Source = "cccc" }));
        Assert.NotEqual(Setup(Spec, Content), Setup(Spec, null));
    }

    [Fact]
    public void Setup_ThreadsAndTrainingArithmetic_AreAPartAndTheProcessorsNameIsNot()
    {
        Assert.NotEqual(Setup(Spec, null), Setup(Spec, null, Machine.Append(new("threads", "1"))));
        Assert.NotEqual(Setup(Spec, null), Setup(Spec, null, Machine.Append(new("bfloat16Instructions", "yes"))));
        Assert.Equal(Setup(Spec, null), Setup(Spec, null, Machine.Append(new("processor", "two"))));

        // Asked for by name, the arithmetic does not hang on the processor.
        var named = Spec.Replace("\"auto\"", "\"float32\"", StringComparison.Ordinal);
        Assert.Equal(Setup(named, null), Setup(named, null, Machine.Append(new("bfloat16Instructions", "yes"))));
        Assert.Equal(Setup(named, null), Setup(Spec, null));
    }

    [Fact]
    public void Parts_OfNamesakes_AreMatchedByTheParametersThatTheirLabelsName()
    {
        var condition = Condition.Of(Spec, null, Machine, [("float32", "strip"), ("int4", "strip[overlays=5]")]);

        Assert.Contains("\"overlays\":5", condition.Defense("strip[overlays=5]").Json, StringComparison.Ordinal);
        Assert.Contains("\"overlays\":10", condition.Defense("strip").Json, StringComparison.Ordinal);
        Assert.Contains("per-channel", condition.Precision("int4").Json, StringComparison.Ordinal);
        Assert.Equal("", condition.Defense("").Key);
    }

    [Fact]
    public void Defense_UnderPreflight_IsAnotherCondition()
    {
        string Key(string spec) => Condition.Of(spec, null, Machine, [("float32", "strip")]).Defense("strip").Key;

        Assert.NotEqual(
            Key(Spec),
            Key(Spec.Replace("\"preflight\":false", "\"preflight\":true", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task RowsOfAnOlderProgram_GetTheirConditionAtTheNextStart()
    {
        var first = await Lab.EndedAsync(
            Samples.Content(seed: 1),
            [Samples.Value(Samples.Key("strip", "int4"), ("x", 0.5))]
        );
        var second = await Lab.EndedAsync(
            Samples.Content(seed: 2),
            [Samples.Value(Samples.Key("strip", "int4"), ("x", 0.5))]
        );
        var waiting = (await Lab.Store.SubmitAsync(Samples.Content(spec: "not JSON at all"))).Id;
        var before = await KeysAsync();
        await using (var context = Lab.Contexts.CreateDbContext())
        {
            await context.Runs.ExecuteUpdateAsync(set => set.SetProperty(run => run.ConditionKey, ""));
            await context.Cells.ExecuteUpdateAsync(set =>
                set.SetProperty(cell => cell.PrecisionKey, "").SetProperty(cell => cell.DefenseKey, "")
            );
            await context.Set<ConditionText>().ExecuteDeleteAsync();
        }

        await Lab.Database.MigrateAsync();

        Assert.Equal(before, await KeysAsync());
        Assert.All(before, key => Assert.NotEmpty(key));
        Assert.Equal((await Lab.ItemAsync(first)).ConditionKey, (await Lab.ItemAsync(second)).ConditionKey);
        Assert.NotEmpty((await Lab.ItemAsync(waiting)).ConditionKey);
        Assert.Contains(
            "gtsrb",
            (await Lab.Matrices.ReadAsync(new MatrixFilter(), "x")).Condition!.Json,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Plan_TellsTheDataAndTheMachine_AndTheRunsConditionFollows()
    {
        async Task<string> Ended(long seed, DataContent? data, string threads)
        {
            var plan = new RunPlan([], [Samples.Key()], new Dictionary<string, string> { ["threads"] = threads }, 1)
            {
                Data = data,
            };
            return (
                await Lab.ItemAsync(
                    await Lab.EndedAsync(
                        Samples.Content(seed: seed),
                        [Samples.Value(Samples.Key(), ("x", 1))],
                        first: new RunChanges { Plan = plan }
                    )
                )
            ).ConditionKey;
        }

        var usual = await Ended(1, Content, "2");

        Assert.Equal(usual, await Ended(2, Content with { Fingerprint = "drawn by seed 2" }, "2"));
        Assert.NotEqual(usual, await Ended(3, Content with { Source = "other pictures" }, "2"));
        Assert.NotEqual(usual, await Ended(4, Content, "1"));
        Assert.Equal(Content, (await Lab.Details.FindAsync((await Lab.IdsAsync(new RunFilter()))[^1]))!.Data);
    }

    private static string Setup(
        string spec,
        DataContent? data,
        IEnumerable<KeyValuePair<string, string>>? machine = null
    ) =>
        Condition
            .Of(
                spec,
                data,
                (machine ?? Machine)
                    .GroupBy(entry => entry.Key)
                    .ToDictionary(entry => entry.Key, entry => entry.Last().Value),
                []
            )
            .Setup.Key;

    private async Task<List<string>> KeysAsync()
    {
        await using var context = Lab.Contexts.CreateDbContext();
        var runs = await context.Runs.OrderBy(run => run.Id).Select(run => run.ConditionKey).ToListAsync();
        var cells = await context
            .Cells.OrderBy(cell => cell.RunId)
            .Select(cell => cell.PrecisionKey + cell.DefenseKey)
            .ToListAsync();
        return [.. runs, .. cells];
    }
}
