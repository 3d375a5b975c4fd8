using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// The running sum of the updates' signs, each client one vote a coordinate; a change of exactly 0 abstains.
/// </summary>
internal sealed class SignVotes(long parameters) : IDisposable
{
    private static readonly Scalar One = 1.0;

    /// <summary>float32 [P] of whole numbers from -n to n.</summary>
    public Tensor Sum { get; } = zeros(parameters, ScalarType.Float32).DetachFromDisposeScope();

    /// <summary>Counts the votes of one update, float32 [P].</summary>
    public void Add(Tensor change) => Sum.add_(change.sign(), One);

    /// <summary>Frees the sum.</summary>
    public void Dispose() => Sum.Dispose();
}
