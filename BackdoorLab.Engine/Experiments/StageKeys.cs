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
}

/// <summary>
/// The keys of all stages of a spec: the one place that says what each depends on (docs/determinism.md has it in
/// words), but for the making of models, which <see cref="ModelOrigin.Key"/> says. Whoever lets a stage read something
/// new adds it here or there.
/// </summary>
/// <param name="spec">What is run.</param>
/// <param name="data">Fingerprint of the loaded data (<see cref="Datasets.DataFacts.Fingerprint"/>).</param>
/// <param name="machine">Where.</param>
internal sealed class StageKeys(ExperimentSpec spec, string data, Machine machine)
{
    // Not the source's settings: the same images from another folder are the same data.
    private readonly StageKey _data = StageKey.Of("data", null, ("fingerprint", data), ("seed", spec.Seed));

    /// <summary>Trigger and samples: pictures of test images that are measured on.</summary>
    internal StageKey Poison() =>
        StageKey.Of("poison", _data, ("attack", spec.Attack), ("cleanHoldout", spec.CleanHoldout));

    /// <summary>The weights of a victim, and what its making tells of itself.</summary>
    internal StageKey Model(Victim victim) => spec.Origin.Key(victim, _data, machine);

    /// <summary>
    /// The model that a training defense makes of a victim's training set: all that the usual training depends on, the
    /// defense, and the defender's clean images where it uses some.
    /// </summary>
    internal StageKey Robust(StageKey model, RobustTrainer defense) =>
        StageKey.Of(
            "robust-train",
            model,
            ("defense", defense),
            ("cleanHoldout", defense.Needs.HasFlag(Needs.CleanHoldout) ? spec.CleanHoldout : null)
        );

    /// <summary>
    /// What a victim gives at a precision, undefended (<paramref name="defense"/> null) or under a defense.
    /// </summary>
    internal StageKey Cell(StageKey model, Precision precision, Defense? defense)
    {
        var key = StageKey.Of(
            defense is null ? "measure" : "defend",
            model,
            ("attack", spec.Attack),
            ("precision", precision),
            ("defense", defense),
            ("cleanHoldout", spec.CleanHoldout)
        );
        // A store may move to another processor.
        (string Name, object? Value)[] forms =
        [
            ("precision", precision.ProcessorForm),
            ("defense", defense?.ProcessorForm ?? ""),
        ];
        return key.On([.. forms.Where(form => form.Value is string { Length: > 0 })]);
    }
}
