using System.Runtime.InteropServices;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// A network's trained parameters as one flat vector, and its normalisation statistics as another: what clients and
/// server exchange. The tensors are the network's own; coordinates are counted row by row whatever their layout in
/// memory.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>One, made once: a temporary native scalar can be freed under a call.</summary>
    internal static readonly Scalar One = 1.0;

    private readonly Tensor[] _statistics;
    private readonly long[] _starts;

    internal ParameterLayout(Classifier network)
    {
        var named = network.named_parameters().Where(entry => entry.parameter.requires_grad).ToList();
        Names = [.. named.Select(entry => entry.name)];
        Parameters = [.. named.Select(entry => (Tensor)entry.parameter)];
        Sizes = [.. Parameters.Select(parameter => parameter.numel())];
        _starts = [.. Sizes.Select((_, i) => Sizes.Take(i).Sum())];
        Length = Sizes.Sum();
        _statistics =
        [
            .. network
                .modules()
                .OfType<BatchNorm2d>()
                .Where(norm => !norm.UsesBatchStatistics)
                .SelectMany(norm => (Tensor[])[norm.running_mean, norm.running_var]),
        ];
    }

    /// <summary>State-dict names.</summary>
    public string[] Names { get; }

    /// <summary>The network's parameters.</summary>
    public Tensor[] Parameters { get; }

    /// <summary>Coordinates of each parameter.</summary>
    public long[] Sizes { get; }

    /// <summary>Coordinates in all.</summary>
    public long Length { get; }

    /// <summary>Whether there are running means and variances.</summary>
    public bool HasStatistics => _statistics.Length > 0;

    /// <summary>
    /// The part of a vector [P], or of each row of a matrix [n,P], that belongs to parameter <paramref name="index"/>,
    /// flat; a view.
    /// </summary>
    public Tensor Part(Tensor vector, int index) => vector.narrow(vector.dim() - 1, _starts[index], Sizes[index]);

    /// <summary>
    /// The part of a vector bool [P] that belongs to parameter <paramref name="index"/>, as memory that the vector must
    /// outlive.
    /// </summary>
    public Span<bool> Flags(Tensor vector, int index) => Memory<bool>(vector, index);

    /// <summary>The same of a vector float32 [P].</summary>
    public Span<float> Floats(Tensor vector, int index) => Memory<float>(vector, index);

    /// <summary>A vector [P] put together from a part for each parameter; in the caller's scope.</summary>
    public Tensor Join(Func<int, Tensor> part)
    {
        using var scope = NewDisposeScope();
        return cat([.. Enumerable.Range(0, Parameters.Length).Select(part)]).MoveToOuterDisposeScope();
    }

    /// <summary>A copy of the part in the shape and the memory layout of its parameter, float32.</summary>
    public Tensor Shaped(Tensor vector, int index)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var like = empty_like(Parameters[index]);
        return like.copy_(Part(vector, index).reshape(Parameters[index].shape)).MoveToOuterDisposeScope();
    }

    /// <summary>The network's parameters as a new vector float32 [P].</summary>
    public Tensor Read()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return cat([.. Parameters.Select(parameter => parameter.detach().reshape(-1))]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The gradients of the network's parameters as a new vector float32 [P]; zero where there is none.
    /// </summary>
    public Tensor ReadGradients()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return cat([.. Parameters.Select(parameter => (parameter.grad ?? zeros_like(parameter)).reshape(-1))])
            .MoveToOuterDisposeScope();
    }

    /// <summary>Sets the network's parameters and its running means and variances.</summary>
    public void Write(Tensor weights, Tensor statistics)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        for (var i = 0; i < Parameters.Length; i++)
        {
            Parameters[i].copy_(Part(weights, i).reshape(Parameters[i].shape));
        }

        WriteStatistics(statistics);
    }

    /// <summary>Running means and variances as a new vector float32.</summary>
    public Tensor ReadStatistics()
    {
        using var scope = NewDisposeScope();
        return (_statistics.Length == 0 ? zeros(0) : cat([.. _statistics])).MoveToOuterDisposeScope();
    }

    /// <summary>Sets running means and variances.</summary>
    public void WriteStatistics(Tensor vector)
    {
        using var scope = NewDisposeScope();
        var start = 0L;
        foreach (var values in _statistics)
        {
            values.copy_(vector.narrow(0, start, values.numel()));
            start += values.numel();
        }
    }

    private Span<T> Memory<T>(Tensor vector, int index)
        where T : struct => MemoryMarshal.Cast<byte, T>(vector.bytes).Slice((int)_starts[index], (int)Sizes[index]);
}
