using TorchSharp;

namespace BackdoorLab.Engine.Training;

/// <summary>Changes images of a training batch, in place or into a new tensor of the current dispose scope.</summary>
/// <param name="images">float [n,C,H,W] in [0,1].</param>
/// <param name="indices">Their numbers in the training set.</param>
public delegate torch.Tensor BatchChange(torch.Tensor images, ReadOnlySpan<int> indices);

/// <summary>The loss of a training batch, to be lowered: one value in the current dispose scope.</summary>
/// <param name="images">float [n,C,H,W] in [0,1], augmented.</param>
/// <param name="labels">int64 [n].</param>
/// <param name="indices">Their numbers in the training set.</param>
public delegate torch.Tensor BatchLoss(torch.Tensor images, torch.Tensor labels, ReadOnlySpan<int> indices);

/// <summary>What a caller may attach to a training.</summary>
public sealed record TrainingHooks
{
    /// <summary>Called after every epoch with the network in evaluation mode.</summary>
    public Action<EpochReport>? EpochFinished { get; init; }

    /// <summary>File that holds the state of an unfinished training; null trains without. Deleted at the end.</summary>
    public string? CheckpointFile { get; init; }

    /// <summary>
    /// Seconds between checkpoints at most; small networks write more often (<see cref="CheckpointPace"/>).
    /// </summary>
    public double CheckpointSeconds { get; init; } = 30;

    /// <summary>Changes images of a batch after augmentation; null leaves them as they are.</summary>
    public BatchChange? Stamp { get; init; }

    /// <summary>
    /// The loss in place of cross-entropy with the labels; it runs the network itself
    /// (<see cref="TrainingStep.Logits"/>), in bfloat16 where the training does. Label smoothing is then its own
    /// affair.
    /// </summary>
    public BatchLoss? Loss { get; init; }

    /// <summary>
    /// Called with the gradients of a batch, before the step; it may move the weights, call the argument for the
    /// gradients of the same batch there, and move them back (sharpness-aware minimisation).
    /// </summary>
    public Action<Action>? Reconsider { get; init; }
}
