using System.Runtime.InteropServices;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// libtorch's integer kernels, reached through a script module that keeps the packed weights. Layers are added once and called by
/// their number.
/// </summary>
internal sealed class QuantizedKernels : IDisposable
{
    // A wrong script ends the process instead of raising an exception: constant text only, covered by tests.
    private const string Code =
        """
        class M(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          lp : List[__torch__.torch.classes.quantized.LinearPackedParamsBase]
          def add_linear(self: __torch__.M, w: Tensor, b: Tensor) -> int:
            p = ops.quantized.linear_prepack(w, b)
            lp = self.lp
            _0 = torch.append(lp, p)
            return torch.len(lp)
          def linear_dynamic(self: __torch__.M, i: int, x: Tensor) -> Tensor:
            lp = self.lp
            return ops.quantized.linear_dynamic(x, lp[i], True)

        """;

    private static readonly Lazy<byte[]> Archive = new(() => TorchScriptArchive.Write(
        Code.ReplaceLineEndings("\n"), [("lp", "List[__torch__.torch.classes.quantized.LinearPackedParamsBase]")]));

    private readonly jit.ScriptModule _module;

    /// <summary>Loads the script.</summary>
    /// <exception cref="NotApplicableException">This build of libtorch refuses it.</exception>
    public QuantizedKernels()
    {
        try
        {
            _module = jit.load(Archive.Value);
        }
        catch (ExternalException error)
        {
            throw new NotApplicableException("This build of libtorch cannot load the integer kernels: " + error.Message.Split('\n')[0]);
        }
    }

    /// <summary>
    /// Packs a linear layer for the engine in force: int8 weights [outputs, inputs], float bias. Returns its number.
    /// </summary>
    public int AddLinear(Tensor quantizedWeight, Tensor bias)
    {
        using var count = (Scalar)_module.invoke("add_linear", quantizedWeight, bias);
        return count.ToInt32() - 1;
    }

    /// <summary>
    /// Linear layer number <paramref name="layer"/>: the input's range over the whole batch gives asymmetric 7-bit activations (0..127,
    /// as <c>reduce_range</c> in PyTorch's quantize_dynamic), products are summed in integers, the output is float.
    /// </summary>
    public Tensor LinearDynamic(int layer, Tensor input) => (Tensor)_module.invoke("linear_dynamic", layer, input);

    /// <inheritdoc/>
    public void Dispose() => _module.Dispose();
}
