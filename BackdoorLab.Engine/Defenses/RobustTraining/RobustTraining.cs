using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Where a training in several parts keeps what is done: a part that is finished is not trained again, and one that was
/// interrupted goes on.
/// </summary>
public interface ITrainedParts
{
    /// <summary>Puts a finished part's weights into a network of the same shape; false when there are none.</summary>
    bool Restore(string part, Classifier network);

    /// <summary>Keeps the weights of a finished part.</summary>
    void Keep(string part, Classifier network);

    /// <summary>File of the state of an unfinished part; null keeps none.</summary>
    string? Checkpoint(string part);
}

/// <summary>
/// All that a training defense may see. Poison mask, trigger and target label are not here; what was not declared in
/// <see cref="Defense.Needs"/> is refused.
/// </summary>
public sealed class RobustTraining
{
    private readonly Needs _needs;

    /// <summary>What the defense declared.</summary>
    public required Needs Needs
    {
        init => _needs = value;
    }

    /// <summary>The training set as received: given labels.</summary>
    public required ImageSet Received { private get; init; }

    /// <summary>The defender's clean images.</summary>
    public required ImageSet Holdout { private get; init; }

    /// <summary>Makes a network of the run's architecture with fresh weights.</summary>
    public required Func<Classifier> Build { get; init; }

    /// <summary>Gives the network of the usual training on the same set, in float32.</summary>
    public required Func<DeployedClassifier> Plain { private get; init; }

    /// <summary>The usual training.</summary>
    public required TrainOptions Recipe { get; init; }

    /// <summary>Whether a horizontal flip keeps labels in this data set.</summary>
    public required bool FlipAllowed { get; init; }

    /// <summary>Random streams, cancellation, progress, log.</summary>
    public required RunContext Run { get; init; }

    /// <summary>Keeps finished and unfinished parts.</summary>
    public required ITrainedParts Parts { private get; init; }

    /// <summary>
    /// Lets the evaluator measure an intermediate model for the method's curves, one for each phase; nothing comes
    /// back.
    /// </summary>
    public required Action<string, double, Classifier> Observe { get; init; }

    /// <summary>The training set as received. Needs <see cref="Needs.TrainingSet"/>.</summary>
    public ImageSet TrainingSet => Entitled(Needs.TrainingSet, Received);

    /// <summary>The defender's clean, correctly labelled images. Needs <see cref="Needs.CleanHoldout"/>.</summary>
    public ImageSet CleanHoldout => Entitled(Needs.CleanHoldout, Holdout);

    /// <summary>
    /// The network that the usual training on the received set gives, in float32; the caller owns it. Needs
    /// <see cref="Needs.PlainTraining"/>.
    /// </summary>
    public DeployedClassifier PlainlyTrained() => Entitled(Needs.PlainTraining, Plain)();

    /// <summary>
    /// Trains a network in place, or takes the part from an earlier attempt; leaves it in evaluation mode.
    /// </summary>
    /// <param name="part">Name of the part, another one for each call.</param>
    /// <param name="network">As the part before left it, or fresh.</param>
    /// <param name="images">What it is trained on.</param>
    /// <param name="options">How.</param>
    /// <param name="from">Share of the whole method's work that is done before.</param>
    /// <param name="to">Share that is done after.</param>
    /// <param name="hooks">Another loss; null for the usual one.</param>
    public void Train(
        string part,
        Classifier network,
        ImageSet images,
        TrainOptions options,
        double from,
        double to,
        TrainingHooks? hooks = null
    ) =>
        Do(
            part,
            network,
            () =>
                Trainer.Train(
                    network,
                    images,
                    options,
                    Run.Child(part).Part(from, to),
                    (hooks ?? new()) with
                    {
                        CheckpointFile = Parts.Checkpoint(part),
                    },
                    FlipAllowed
                )
        );

    /// <summary>The same for a part that is no usual training; it begins anew when it was interrupted.</summary>
    /// <param name="part">Name of the part, another one for each call.</param>
    /// <param name="network">As the part before left it, or fresh.</param>
    /// <param name="work">Changes the network.</param>
    public void Do(string part, Classifier network, Action work)
    {
        Run.ThrowIfCancelled();
        if (!Parts.Restore(part, network))
        {
            work();
            network.eval();
            Parts.Keep(part, network);
        }
    }

    private T Entitled<T>(Needs needed, T value) =>
        (_needs & needed) == needed
            ? value
            : throw new InvalidOperationException($"The defense uses {needed} but declares only {_needs}.");
}
