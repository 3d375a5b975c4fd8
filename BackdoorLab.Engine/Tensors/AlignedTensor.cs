using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// Tensors made from arrays for matrix products. <c>torch.tensor</c> keeps working on the managed array, wherever the
/// collector put it, and the matrix library sums in another order when an address is not aligned to a cache line: equal
/// runs would differ in the last digits. A copy in libtorch's own memory is always aligned.
/// </summary>
public static class AlignedTensor
{
    /// <summary>float32 of this shape; owned by the caller's dispose scope.</summary>
    public static Tensor Of(float[] values, params long[] shape)
    {
        using var view = tensor(values, shape);
        return view.clone();
    }

    /// <summary>float64 of this shape; owned by the caller's dispose scope.</summary>
    public static Tensor Of(double[] values, params long[] shape)
    {
        using var view = tensor(values, shape);
        return view.clone();
    }
}
