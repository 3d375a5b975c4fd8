using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// How the models of an experiment come to be. Chosen in one place from the spec (<see cref="ExperimentSpec.Origin"/>);
/// whatever of a run depends on it is asked here, so that another way to get a model is one more class. A function of
/// the spec: what a run makes is <see cref="MadeModel"/>.
/// </summary>
/// <param name="spec">The experiment.</param>
internal abstract class ModelOrigin(ExperimentSpec spec)
{
    /// <summary>The experiment.</summary>
    protected ExperimentSpec Spec { get; } = spec;

    /// <summary>The models that the experiment looks at, in the order in which they are made.</summary>
    internal abstract IReadOnlyList<Victim> Victims { get; }

    /// <summary>Kind of the stages that make models: <c>train</c> or <c>load</c>.</summary>
    internal abstract string Kind { get; }

    /// <summary>What must stand beside all numbers of such models.</summary>
    internal abstract string Remark { get; }

    /// <summary>
    /// Settings that will not do what their names say, though they run: to be read before the run too.
    /// </summary>
    internal virtual IEnumerable<string> Warnings => [];

    /// <summary>Whether the schedule ends before the network reaches its clean accuracy.</summary>
    internal virtual bool IsShort => false;

    /// <summary>What tells this origin in the title of a setting; empty for the usual one.</summary>
    internal virtual string Setting => "";

    /// <summary>Whether trigger and target are known, so that something can be measured with them.</summary>
    internal virtual bool KnowsAttack => true;

    /// <summary>
    /// Whether the poison rate is of each attacking client's images and not of the whole training set.
    /// </summary>
    internal virtual bool RateIsOfAttackers => false;

    /// <summary>
    /// Whether the making itself is to keep backdoors out. That one did not take is then a result, and leaving the
    /// model out of means would leave out every success.
    /// </summary>
    internal virtual bool KeepsBackdoorsOut => false;

    /// <summary>Why such an experiment cannot be a setting of a study; null where it can.</summary>
    internal virtual SpecFault? StudyFault => null;

    /// <summary>The origin that a spec asks for.</summary>
    internal static ModelOrigin Of(ExperimentSpec spec) =>
        spec switch
        {
            { Suspect: { } file, Model: FileProgram } => new LoadedProgram(spec, file),
            { Suspect: { } file } => new LoadedWeights(spec, file),
            { Federation: { } federation } => new TrainedByClients(spec, federation),
            _ => new TrainedCentrally(spec),
        };

    /// <summary>Identity of a model and of what its making tells; its random streams hang on it.</summary>
    /// <param name="victim">Which model.</param>
    /// <param name="data">Key of the data.</param>
    /// <param name="machine">Where it is made.</param>
    internal abstract StageKey Key(Victim victim, StageKey data, Machine machine);

    /// <summary>What the stage is called.</summary>
    internal abstract string Title(Victim victim);

    /// <summary>Estimated seconds.</summary>
    /// <param name="victim">Which model.</param>
    /// <param name="trainImages">Training images after limits.</param>
    /// <param name="pace">Throughput of the network.</param>
    internal abstract double Seconds(Victim victim, int trainImages, Throughput pace);

    /// <summary>What in the spec contradicts this origin, with paths; empty when it can run.</summary>
    internal abstract IEnumerable<SpecFault> Faults();

    /// <summary>
    /// Why a rate above 0 poisons nothing of so many images; null when it poisons something or nothing was to be
    /// poisoned.
    /// </summary>
    /// <param name="trainImages">Training images.</param>
    /// <param name="candidates">Those that may be poisoned; null when only their number is not known.</param>
    internal virtual SpecFault? PoisonFault(int trainImages, int? candidates = null) => null;

    /// <summary>Why what the seed draws cannot be used; null when it can or only the data's files could tell.</summary>
    internal virtual SpecFault? DrawFault() => null;

    /// <summary>
    /// What stands in place of any verdict on a model of this clean accuracy, 0..1; null where verdicts count.
    /// </summary>
    internal virtual Verdict? Doubt(double accuracy) => null;

    /// <summary>The training set of the backdoored model: all that its trainers hold together.</summary>
    /// <param name="train">Clean training images; not changed.</param>
    /// <param name="attack">The spec's, or the same without stamping after augmentation.</param>
    /// <param name="trigger">The attack's.</param>
    /// <param name="flipAllowed">Whether a flip keeps labels.</param>
    internal virtual PoisonedSet Poison(ImageSet train, Attack attack, Trigger trigger, bool flipAllowed) =>
        Poisoner.Poison(train, attack, trigger, new SeedTree(Spec.Seed).Child("poison"));

    /// <summary>
    /// Makes a model, or finds it in the store and tells what its making told. Keeps in the store what it made.
    /// </summary>
    /// <param name="plan">Which.</param>
    /// <param name="stage">The run.</param>
    /// <param name="run">Random streams, cancellation, progress of this stage.</param>
    /// <exception cref="TrainingDivergedException">There is no model.</exception>
    internal abstract MadeModel Make(VictimPlan plan, StageContext stage, RunContext run);
}
