using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>
/// What a stage's key covers: each input in turn moves it, and what does not decide a result leaves it. Words:
/// docs/determinism.md.
/// </summary>
public sealed class StageKeyTests
{
    private const string Data = "0123456789abcdef0123456789abcdef";

    private static readonly Machine Here = new(2, false, "TorchSharp 1.2.3 X64");

    private static readonly ExperimentSpec Central = TinyRun.Spec with
    {
        Precisions = [new Float32()],
        Defenses = [new ReleasedActivationClustering()],
    };

    private static readonly ExperimentSpec Shared = Central with { Federation = new() };

    private static readonly ExperimentSpec Checked = Central with
    {
        Suspect = new() { File = "a.pt", Sha256 = new('0', 64) },
        Attack = new UnknownAttack { PoisonRate = 0 },
        BenignTwin = false,
        Defenses = [new ReleasedNeuralCleanse()],
    };

    private static Dictionary<
        string,
        (string Moves, ExperimentSpec Spec, string Data, Machine Machine)
    > Changes { get; } =
        new()
        {
            ["data"] = ("poison victim twin measure defend", Central, "other", Here),
            ["seed"] = ("poison victim twin measure defend", Central with { Seed = 2 }, Data, Here),
            ["attack"] = (
                "poison victim measure defend",
                Central with
                {
                    Attack = new Blended { PoisonRate = 0.1 },
                },
                Data,
                Here
            ),
            ["poison rate"] = (
                "poison victim measure defend",
                Central with
                {
                    Attack = Central.Attack with { PoisonRate = 0.2 },
                },
                Data,
                Here
            ),
            ["model"] = ("victim twin measure defend", Central with { Model = new ResNet9() }, Data, Here),
            ["training"] = (
                "victim twin measure defend",
                Central with
                {
                    Training = Central.Training with { Epochs = 3 },
                },
                Data,
                Here
            ),
            ["federation"] = ("victim twin measure defend", Shared, Data, Here),
            ["threads"] = ("victim twin measure defend", Central, Data, Here with { Threads = 1 }),
            ["arithmetic"] = ("victim twin measure defend", Central, Data, Here with { BFloat16 = true }),
            ["library"] = ("victim twin measure defend", Central, Data, Here with { Library = "TorchSharp 1.2.4 X64" }),
            ["holdout"] = ("poison measure defend", Central with { CleanHoldout = 61 }, Data, Here),
            ["precision"] = ("measure defend", Central with { Precisions = [new BFloat16()] }, Data, Here),
            ["defense"] = ("defend", Central with { Defenses = [new ReleasedStrip()] }, Data, Here),
            ["name"] = ("", Central with { Name = "another" }, Data, Here),
            ["twin"] = ("", Central with { BenignTwin = false }, Data, Here),
            ["preflight"] = ("", Central with { Preflight = true }, Data, Here),
            ["time limit"] = ("", Central with { CellTimeLimit = 5 }, Data, Here),
            ["more cells"] = (
                "",
                Central with
                {
                    Defenses = [new ReleasedActivationClustering(), new ReleasedStrip()],
                    Precisions = [new Float32(), new BFloat16()],
                },
                Data,
                Here
            ),
            ["source of the same images"] = (
                "",
                Central with
                {
                    Dataset = new ImageFolder { Path = "elsewhere", TrainLimit = 5 },
                },
                Data,
                Here
            ),
        };

    public static TheoryData<string> Names => [.. Changes.Keys];

    public static TheoryData<string> Methods =>
        [
            .. MethodCatalog
                .Default.All.Where(method =>
                    method.Parameters.Count > 0 && !method.Type.IsAssignableTo(typeof(DatasetSource))
                )
                .Select(method => method.Id),
        ];

    // A key that moves here makes every stored result of its kind be computed anew: raise the format version or the
    // method's revision when numbers change, and never otherwise change what is hashed.
    [Fact]
    public void Keys_OfFixedInputs_AreThese()
    {
        var (central, shared, check) = (Keys(Central, Data, Here), Keys(Shared, Data, Here), Keys(Checked, Data, Here));
        Assert.Equal(
            """
            poison e5d4eb4ccffc651438e48c50d787860d
            train b0a7b0eddcbf53dafb93cc4d581f0a5f
            train, twin 5ba1fb4e85d919af01b6bacb0215f418
            federate 81d83f7d08167b818e51e58da043db97
            load eb3b036d9d6741dfa92bed6b251394e9
            measure d302f4fc94b9675025149e9e008b49f7
            defend 338d36f7f190249f21fbbee6897c6aef
            streams of train ce313ff3c8e48f214e9de84136404ddd
            streams of defend f70145eea0b4fe242cbf732c8dca7a02
            """,
            Lines(central, shared, check)
        );
    }

    private static string Lines(
        Dictionary<string, StageKey> central,
        Dictionary<string, StageKey> shared,
        Dictionary<string, StageKey> check
    ) =>
        string.Join(
            '\n',
            [
                $"poison {central["poison"]}",
                $"train {central["victim"]}",
                $"train, twin {central["twin"]}",
                $"federate {shared["victim"]}",
                $"load {check["victim"]}",
                $"measure {central["measure"]}",
                $"defend {central["defend"]}",
                $"streams of train {central["victim"].Streams}",
                $"streams of defend {central["defend"].Streams}",
            ]
        );

    [Theory]
    [MemberData(nameof(Names))]
    public void Keys_WithOneInputChanged_MoveWhereItIsRead(string change)
    {
        var (moves, spec, data, machine) = Changes[change];
        var (before, after) = (Keys(Central, Data, Here), Keys(spec, data, machine));

        Assert.Equal(
            moves.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
            before.Keys.Where(stage => before[stage].Value != after[stage].Value).Order()
        );
        Assert.Equal(before.Count, before.Values.Select(key => key.Value).Distinct().Count());
    }

    [Fact]
    public void Keys_OfAModelFromAFile_DependOnItsContentAndNotOnItsName()
    {
        var load = Key(Checked);

        Assert.Equal(load, Key(Checked with { Suspect = Checked.Suspect! with { File = "renamed.pth" } }));
        Assert.Equal(load, Key(Checked with { Training = new() { Epochs = 99 } }));
        ExperimentSpec[] others =
        [
            Checked with
            {
                Suspect = Checked.Suspect with { Sha256 = new('1', 64) },
            },
            Checked with
            {
                Suspect = Checked.Suspect with { Pixels = PixelScale.Unit },
            },
            Checked with
            {
                Suspect = Checked.Suspect with { Entry = "ema" },
            },
            Checked with
            {
                CleanHoldout = 61,
            },
            Checked with
            {
                Model = new ResNet9(),
            },
            Checked with
            {
                Seed = 2,
            },
        ];
        Assert.Equal(others.Length + 1, others.Select(Key).Append(load).Distinct().Count());
        Assert.NotEqual(load, new StageKeys(Checked, Data, Here with { Threads = 1 }).Model(Victim.Suspect));

        static StageKey Key(ExperimentSpec spec) => new StageKeys(spec, Data, Here).Model(Victim.Suspect);
    }

    [Fact]
    public void Keys_OfATwin_KnowNeitherAttackNorAttackers()
    {
        var twin = Keys(Shared, Data, Here)["twin"];

        Assert.Equal(
            twin,
            Keys(
                Shared with
                {
                    Attack = new Blended(),
                    Federation = Shared.Federation! with { Attacker = new Neurotoxin() },
                },
                Data,
                Here
            )["twin"]
        );
        Assert.NotEqual(
            twin,
            Keys(Shared with { Federation = Shared.Federation with { Aggregator = new Krum() } }, Data, Here)["twin"]
        );
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Keys_WithAnyParameterChanged_MoveWhereTheMethodIsUsed(string id)
    {
        var method = MethodCatalog.Default.Find(id)!;
        var usual = Text(method.CreateDefault());
        foreach (var parameter in method.Parameters)
        {
            var changed = method.CreateDefault();
            parameter.Property.SetValue(changed, Other(parameter, parameter.Property.GetValue(changed)!));
            Assert.True(usual != Text(changed), parameter.Name);
        }
    }

    // Types may be renamed and members moved: the text that is hashed has neither.
    [Fact]
    public void Text_OfEveryMethod_HasItsIdAndNoNameOfAType()
    {
        foreach (var method in MethodCatalog.Default.All)
        {
            var text = Text(method.CreateDefault());
            Assert.Contains($"\"id\":\"{method.Id}\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain(method.Type.Name, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Text_OfASpecsMethod_IsCanonical() =>
        Assert.Equal(
            """{"format":2,"kind":"defend","parent":"p","parts":{"a":null,"defense":{"id":"blended","mapping":"all-to-one","opacity":0.2,"pattern":"noise","poisonRate":0.1,"stampAfterAugmentation":false,"targetLabel":0}}}""",
            Text(new Blended())
        );

    [Fact]
    public void Streams_OnAnotherMachine_AreTheSame()
    {
        var (here, there) = (Keys(Central, Data, Here), Keys(Central, Data, new(1, true, "another")));

        Assert.All(here.Keys, stage => Assert.Equal(here[stage].Streams, there[stage].Streams));
        Assert.Equal(here.Count, here.Values.Select(key => key.Streams).Distinct().Count());
        Assert.NotEqual(here["victim"].Streams, Keys(Central with { Seed = 2 }, Data, Here)["victim"].Streams);
    }

    // A parameter that is left out at its default says nothing of the default: another default needs another revision
    // or format.
    [Fact]
    public void Defaults_OfParametersThatAreLeftOut_AreThoseOfThisFormat() =>
        Assert.Equal(
            """
            gtsrb.classCount=0
            image-folder.classFile=
            image-folder.classOrder=automatic
            int4-weight-only.rounding=nearest
            int4-weight-only.roundingImages=256
            int4-weight-only.roundingSteps=400
            int8-static.qatEpochs=0
            int8-static.qatLearningRate=0.001
            int8-static.rounding=nearest
            int8-static.roundingImages=256
            int8-static.roundingSteps=400
            int8-static.weightScheme=per-channel-symmetric
            int8-weight-only.rounding=nearest
            int8-weight-only.roundingImages=256
            int8-weight-only.roundingSteps=400
            pq-backdoor.weightScheme=per-channel-symmetric
            res-net18.form=small
            simulation.statistics=all-clients
            sinusoidal.cleanLabel=False
            training.alternatingFlip=False
            training.dropLast=False
            training.labelSmoothing=0
            training.lookaheadSteps=0
            training.nesterov=False
            training.normBiasRate=1
            training.reflectCrop=False
            training.whiteningImages=0
            w4a4-simulated.qatEpochs=0
            w4a4-simulated.qatLearningRate=0.001
            w4a4-simulated.rounding=nearest
            w4a4-simulated.roundingImages=256
            w4a4-simulated.roundingSteps=400
            w4a4-simulated.weightScheme=per-channel-symmetric
            w8a8-simulated.qatEpochs=0
            w8a8-simulated.qatLearningRate=0.001
            w8a8-simulated.rounding=nearest
            w8a8-simulated.roundingImages=256
            w8a8-simulated.roundingSteps=400
            w8a8-simulated.weightScheme=per-channel-symmetric
            """,
            string.Join(
                '\n',
                MethodCatalog
                    .Default.All.SelectMany(method =>
                        method
                            .Parameters.Where(parameter =>
                                parameter.Property.IsDefined(typeof(OmittedAtDefaultAttribute), inherit: true)
                            )
                            .Select(parameter =>
                                FormattableString.Invariant($"{method.Id}.{parameter.Name}={parameter.Default}")
                            )
                    )
                    .Order(StringComparer.Ordinal)
            )
        );

    private static string Text(Method method) => StageKey.Text("defend", "p", ("defense", method), ("a", null));

    private static Dictionary<string, StageKey> Keys(ExperimentSpec spec, string data, Machine machine)
    {
        var keys = new StageKeys(spec, data, machine);
        var victim = keys.Model(Victim.Backdoored);
        return new()
        {
            ["poison"] = keys.Poison(),
            ["victim"] = victim,
            ["twin"] = keys.Model(Victim.Benign),
            ["measure"] = keys.Cell(victim, spec.Precisions[0], null),
            ["defend"] = keys.Cell(victim, spec.Precisions[0], spec.Defenses[0]),
        };
    }

    private static object Other(ParameterDescriptor parameter, object value) =>
        value switch
        {
            bool flag => !flag,
            int number => number < parameter.Maximum ? number + 1 : number - 1,
            double number => number < parameter.Maximum
                ? (number + parameter.Maximum.Value) / 2
                : (number + parameter.Minimum!.Value) / 2,
            string text => text + "x",
            Enum choice => Enum.GetValues(choice.GetType()).Cast<object>().First(other => !other.Equals(choice)),
            _ => throw new InvalidOperationException(parameter.Name),
        };
}
