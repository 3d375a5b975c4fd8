using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Programs;

/// <summary>
/// Stands where a network of the catalog would: the model is the program of a TorchScript file (<c>torch.jit.save</c>),
/// of any architecture.
/// </summary>
[Method(
    "file-program",
    "Program of the file",
    Order = 1000,
    Listed = false,
    Summary = "The model is the program of a TorchScript file, of any architecture, run in a process of its own. It gives logits and gradients alone."
)]
public sealed record FileProgram : ModelSource
{
    // What it costs is known when it runs. Between a small and a usual network on 32 x 32 pixels.
    private const long GuessedMultiplyAdds = 60_000_000;

    /// <summary>No weights of a file are compared with it.</summary>
    public override IEnumerable<ModelSource> Variants => [];

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        throw new NotSupportedException("A program comes from its file and is not built.");

    /// <inheritdoc/>
    public override ModelCost Cost(ClassifierShape shape) =>
        new(0, GuessedMultiplyAdds * shape.Height * shape.Width / (32 * 32));
}
