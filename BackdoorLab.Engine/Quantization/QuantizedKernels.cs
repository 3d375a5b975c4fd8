using System.Runtime.InteropServices;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// libtorch's integer kernels, reached through a script module that keeps the packed weights. Layers are added once and
/// called by their number.
/// </summary>
internal sealed class QuantizedKernels : IDisposable
{
    // A wrong script ends the process instead of raising an exception: constant text only, covered by tests.
    private const string Code = """
        class M(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          cp : List[__torch__.torch.classes.quantized.Conv2dPackedParamsBase]
          lp : List[__torch__.torch.classes.quantized.LinearPackedParamsBase]
          xs : List[Tensor]
          def add_conv(self: __torch__.M, w: Tensor, b: Tensor, stride: int, pad: int) -> int:
            p = ops.quantized.conv2d_prepack(w, b, [stride, stride], [pad, pad], [1, 1], 1)
            cp = self.cp
            _0 = torch.append(cp, p)
            return torch.len(cp)
          def conv(self: __torch__.M, i: int, x: Tensor, s: float, z: int) -> Tensor:
            cp = self.cp
            return ops.quantized.conv2d(x, cp[i], s, z)
          def conv_relu(self: __torch__.M, i: int, x: Tensor, s: float, z: int) -> Tensor:
            cp = self.cp
            return ops.quantized.conv2d_relu(x, cp[i], s, z)
          def norm(self: __torch__.M, x: Tensor, w: Tensor, b: Tensor, m: Tensor, v: Tensor, e: float, s: float, z: int) -> Tensor:
            return ops.quantized.batch_norm2d(x, w, b, m, v, e, s, z)
          def norm_relu(self: __torch__.M, x: Tensor, w: Tensor, b: Tensor, m: Tensor, v: Tensor, e: float, s: float, z: int) -> Tensor:
            return ops.quantized.batch_norm2d_relu(x, w, b, m, v, e, s, z)
          def add(self: __torch__.M, x: Tensor, y: Tensor, s: float, z: int) -> Tensor:
            return ops.quantized.add(x, y, s, z)
          def add_relu(self: __torch__.M, x: Tensor, y: Tensor, s: float, z: int) -> Tensor:
            return ops.quantized.add_relu(x, y, s, z)
          def put(self: __torch__.M, x: Tensor) -> int:
            xs = self.xs
            _0 = torch.append(xs, x)
            return torch.len(xs)
          def concat(self: __torch__.M, s: float, z: int) -> Tensor:
            xs = self.xs
            y = ops.quantized.cat(xs, 1, s, z)
            torch.clear(xs)
            return y
          def add_linear(self: __torch__.M, w: Tensor, b: Tensor) -> int:
            p = ops.quantized.linear_prepack(w, b)
            lp = self.lp
            _0 = torch.append(lp, p)
            return torch.len(lp)
          def linear(self: __torch__.M, i: int, x: Tensor, s: float, z: int) -> Tensor:
            lp = self.lp
            return ops.quantized.linear(x, lp[i], s, z)
          def linear_relu(self: __torch__.M, i: int, x: Tensor, s: float, z: int) -> Tensor:
            lp = self.lp
            return ops.quantized.linear_relu(x, lp[i], s, z)
          def linear_dynamic(self: __torch__.M, i: int, x: Tensor) -> Tensor:
            lp = self.lp
            return ops.quantized.linear_dynamic(x, lp[i], True)

        """;

    private static readonly Lazy<byte[]> Archive = new(() =>
        TorchScriptArchive.Write(
            Code.ReplaceLineEndings("\n"),
            [
                ("cp", "List[__torch__.torch.classes.quantized.Conv2dPackedParamsBase]"),
                ("lp", "List[__torch__.torch.classes.quantized.LinearPackedParamsBase]"),
                ("xs", "List[Tensor]"),
            ]
        )
    );

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
            throw new NotApplicableException(
                "This build of libtorch cannot load the integer kernels: " + error.Message.Split('\n')[0]
            );
        }
    }

    /// <summary>
    /// Packs a convolution for the engine in force: int8 weights [outputs, inputs, k, k], float bias. Returns its
    /// number.
    /// </summary>
    public int AddConvolution(Tensor quantizedWeight, Tensor bias, int stride, int padding) =>
        Number(_module.invoke("add_conv", quantizedWeight, bias, stride, padding));

    /// <summary>
    /// Packs a linear layer for the engine in force: int8 weights [outputs, inputs], float bias. Returns its number.
    /// </summary>
    public int AddLinear(Tensor quantizedWeight, Tensor bias) =>
        Number(_module.invoke("add_linear", quantizedWeight, bias));

    /// <summary>Convolution number <paramref name="layer"/> of a quantized input, and ReLU where asked.</summary>
    public Tensor Convolution(int layer, bool relu, Tensor input, ActivationRange output) =>
        (Tensor)_module.invoke(relu ? "conv_relu" : "conv", layer, input, output.Scale, output.ZeroPoint);

    /// <summary>Linear layer number <paramref name="layer"/> of a quantized input, and ReLU where asked.</summary>
    public Tensor Linear(int layer, bool relu, Tensor input, ActivationRange output) =>
        (Tensor)_module.invoke(relu ? "linear_relu" : "linear", layer, input, output.Scale, output.ZeroPoint);

    /// <summary>Batch normalisation of a quantized input, and ReLU where asked.</summary>
    public Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input, ActivationRange output) =>
        (Tensor)
            _module.invoke(
                relu ? "norm_relu" : "norm",
                input,
                norm.weight,
                norm.bias,
                norm.running_mean,
                norm.running_var,
                norm.Eps,
                output.Scale,
                output.ZeroPoint
            );

    /// <summary>Sum of two quantized inputs, and ReLU where asked.</summary>
    public Tensor Add(Tensor values, Tensor side, bool relu, ActivationRange output) =>
        (Tensor)_module.invoke(relu ? "add_relu" : "add", values, side, output.Scale, output.ZeroPoint);

    /// <summary>Quantized maps one behind the other by their channels, each brought to the same range.</summary>
    public Tensor Concatenate(IReadOnlyList<Tensor> parts, ActivationRange output)
    {
        // One after the other: a call that passes a list ends the process.
        foreach (var part in parts)
        {
            Number(_module.invoke("put", part));
        }

        return (Tensor)_module.invoke("concat", output.Scale, output.ZeroPoint);
    }

    /// <summary>
    /// Linear layer number <paramref name="layer"/>: the input's range over the whole batch gives asymmetric 7-bit
    /// activations (0..127, as <c>reduce_range</c> in PyTorch's quantize_dynamic), products are summed in integers, the
    /// output is float.
    /// </summary>
    public Tensor LinearDynamic(int layer, Tensor input) => (Tensor)_module.invoke("linear_dynamic", layer, input);

    private static int Number(object count)
    {
        using var scalar = (Scalar)count;
        return scalar.ToInt32() - 1;
    }

    /// <inheritdoc/>
    public void Dispose() => _module.Dispose();
}
