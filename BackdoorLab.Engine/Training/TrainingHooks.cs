using TorchSharp;

namespace BackdoorLab.Engine.Training;

/// <summary>What a caller may attach to a training.</summary>
public sealed record TrainingHooks
{
    /// <summary>Called after every epoch with the network in evaluation mode.</summary>
    public Action<EpochReport>? EpochFinished { get; init; }

    /// <summary>File that holds the state of an unfinished training; null trains without. Deleted at the end.</summary>
    public string? CheckpointFile { get; init; }

    /// <summary>Seconds between checkpoints.</summary>
    public double CheckpointSeconds { get; init; } = 30;

    /// <summary>Images to change after augmentation: <see cref="StampMask"/> says which, this says how. Both or neither.</summary>
    public Func<torch.Tensor, torch.Tensor>? Stamp { get; init; }

    /// <summary>One entry per training image.</summary>
    public bool[]? StampMask { get; init; }
}
