using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Gradients of gradients: what needs a graph of the backward pass.</summary>
internal static class SecondOrder
{
    /// <summary>Gradients of one value, or of the product of a vector with it.</summary>
    /// <param name="value">What is differentiated, of any shape.</param>
    /// <param name="of">By what; each must have been used to compute it or gets null.</param>
    /// <param name="weights">Of the shape of <paramref name="value"/>; null for a single value.</param>
    /// <param name="differentiable">Whether the gradients can be differentiated again.</param>
    /// <returns>One gradient each, in the caller's dispose scope; <paramref name="value"/> keeps its graph.</returns>
    internal static IReadOnlyList<Tensor?> Gradients(
        Tensor value,
        IList<Tensor> of,
        Tensor? weights = null,
        bool differentiable = false
    )
    {
        // Told that some may be unused, it gives null for them instead of ending the process.
#pragma warning disable RS0030
        var gradients = autograd.grad(
            [value],
            of,
            weights is null ? null : [weights],
            retain_graph: true,
            create_graph: differentiable,
            allow_unused: true
        );
#pragma warning restore RS0030
        return [.. gradients.Select(gradient => gradient is null || gradient.IsInvalid ? null : gradient)];
    }
}
