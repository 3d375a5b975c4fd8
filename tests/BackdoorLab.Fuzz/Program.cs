using System.CommandLine;
using BackdoorLab.Fuzz;

var seconds = new Option<double>("--seconds") { Description = "Stop after so long.", DefaultValueFactory = _ => 300 };
var inputs = new Option<int>("--inputs")
{
    Description = "Stop after so many inputs.",
    DefaultValueFactory = _ => 3000,
};
var seed = new Option<int>("--seed")
{
    Description = "What is damaged and how; the same seed tries the same inputs.",
    DefaultValueFactory = _ => 1,
};
var kinds = new Option<string[]>("--kind")
{
    Description = $"Only these: {string.Join(", ", FuzzKinds.Names)}.",
    AllowMultipleArgumentsPerToken = true,
};
var keep = new Option<DirectoryInfo>("--keep")
{
    Description = "Where inputs are kept that showed a fault.",
    DefaultValueFactory = _ => new(Path.Combine(Path.GetTempPath(), "fuzz-findings")),
};
var fuzz = new Command(
    "fuzz",
    "Damage specs, studies, data sets, checkpoints and bundles at random and look what becomes of them."
)
{
    seconds,
    inputs,
    seed,
    kinds,
    keep,
};
fuzz.SetAction(parsed =>
    new FuzzRun(
        TimeSpan.FromSeconds(parsed.GetValue(seconds)),
        parsed.GetValue(inputs),
        parsed.GetValue(seed),
        parsed.GetValue(keep)!,
        parsed.GetValue(kinds) is { Length: > 0 } chosen ? chosen : [.. FuzzKinds.Names]
    ).Execute()
);

var kind = new Argument<string>("KIND");
var from = new Argument<int>("FROM");
var count = new Argument<int>("COUNT");
var one = new Command("child", "Tries inputs of one kind in this process; what 'fuzz' starts.")
{
    kind,
    seed,
    from,
    count,
};
one.Hidden = true;
one.SetAction(parsed =>
    FuzzChild.Run(
        parsed.GetRequiredValue(kind),
        parsed.GetValue(seed),
        parsed.GetRequiredValue(from),
        parsed.GetRequiredValue(count)
    )
);

var files = new Argument<FileInfo[]>("FILE") { Arity = ArgumentArity.OneOrMore };
var read = new Command("read", "Give files as they are to what reads specs, studies, checkpoints or bundles.")
{
    kind,
    files,
};
read.SetAction(parsed => FuzzKinds.Read(parsed.GetRequiredValue(kind), parsed.GetRequiredValue(files)));

return await new RootCommand("Fuzzing of what BackdoorLab reads.") { fuzz, read, one }
    .Parse(args)
    .InvokeAsync();
