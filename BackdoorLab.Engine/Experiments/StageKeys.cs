using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>What of a machine decides numbers beside the spec.</summary>
/// <param name="Threads">Kernel threads: they change the order of floating-point sums.</param>
/// <param name="BFloat16">
/// Whether this spec trains in bfloat16 here; the automatic choice looks at the processor.
/// </param>
/// <param name="Library">Tensor library and its architecture.</param>
internal sealed record Machine(int Threads, bool BFloat16, string Library)
{
    internal static Machine Here(TrainOptions training, int threads) =>
        new(threads, Trainer.UsesBFloat16(training), TorchRuntime.Library);

    /// <summary>What a training's key has of it.</summary>
    internal (string Name, object? Value)[] Parts =>
        [("threads", Threads), ("arithmetic", BFloat16 ? "bfloat16" : "float32"), ("library", Library)];
}

/// <summary>What an attacker makes before poisoning.</summary>
/// <param name="Network">Key of the network that it is made on.</param>
/// <param name="Key">Key of what is made.</param>
internal sealed record AssetPlan(StageKey Network, StageKey Key);

/// <summary>
/// The keys of all stages of a spec: the one place that says what each depends on (docs/determinism.md has it in
/// words), but for the making of models, which <see cref="ModelOrigin.Key"/> says. Whoever lets a stage read something
/// new adds it here or there.
/// </summary>
internal sealed class StageKeys
{
    private readonly ExperimentSpec _spec;
    private readonly StageKey _data;
    private readonly Machine _machine;

    /// <summary>The keys of a spec.</summary>
    /// <param name="spec">What is run.</param>
    /// <param name="data">Fingerprint of the loaded data (<see cref="Datasets.DataFacts.Fingerprint"/>).</param>
    /// <param name="machine">Where.</param>
    internal StageKeys(ExperimentSpec spec, string data, Machine machine)
    {
        (_spec, _machine) = (spec, machine);
        // Not the source's settings: the same images from another folder are the same data.
        _data = StageKey.Of("data", null, ("fingerprint", data), ("seed", spec.Seed));
        Asset = spec.Attack is PreparedAttack prepared ? AssetOf(prepared) : null;
    }

    /// <summary>What the attacker makes before poisoning; null where that is nothing.</summary>
    internal AssetPlan? Asset { get; }

    /// <summary>Trigger and samples: pictures of test images that are measured on.</summary>
    internal StageKey Poison() =>
        StageKey.Of("poison", Attacked, ("attack", _spec.Attack), ("cleanHoldout", _spec.CleanHoldout));

    /// <summary>The weights of a victim, and what its making tells of itself.</summary>
    internal StageKey Model(Victim victim) =>
        _spec.Origin.Key(victim, victim == Victim.Backdoored ? Attacked : _data, _machine);

    /// <summary>
    /// The model that a training defense makes of a victim's training set: all that the usual training depends on, the
    /// defense, and the defender's clean images where it uses some.
    /// </summary>
    internal StageKey Robust(StageKey model, RobustTrainer defense) =>
        StageKey.Of(
            "robust-train",
            model,
            ("defense", defense),
            ("cleanHoldout", defense.Needs.HasFlag(Needs.CleanHoldout) ? _spec.CleanHoldout : null)
        );

    /// <summary>
    /// What a victim gives at a precision, undefended (<paramref name="defense"/> null) or under a defense.
    /// </summary>
    internal StageKey Cell(StageKey model, Precision precision, Defense? defense)
    {
        var key = StageKey.Of(
            defense is null ? "measure" : "defend",
            model,
            ("attack", _spec.Attack),
            ("precision", precision),
            ("defense", defense),
            ("cleanHoldout", _spec.CleanHoldout)
        );
        // A store may move to another processor.
        (string Name, object? Value)[] forms =
        [
            ("precision", precision.ProcessorForm),
            ("defense", defense?.ProcessorForm ?? ""),
        ];
        // The twin's key knows no asset, and attack success is measured on it with the trigger.
        return (Asset is null ? key : key.On(("asset", Asset.Key.Value))).On([
            .. forms.Where(form => form.Value is string { Length: > 0 }),
        ]);
    }

    // What knows the trigger builds on the asset that it is made of.
    private StageKey Attacked => Asset?.Key ?? _data;

    // The attacker's network knows no attack, so all of them share it, and the asset nothing but what decides it.
    private AssetPlan AssetOf(PreparedAttack attack)
    {
        var network = StageKey
            .Of("attacker", _data, [("model", _spec.Model), ("training", _spec.Training), .. _spec.Start?.Parts ?? []])
            .On(_machine.Parts);
        return new(network, StageKey.Of("asset", network, ("attack", attack.AssetForm())));
    }
}
