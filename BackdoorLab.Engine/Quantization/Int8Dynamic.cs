using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// What PyTorch's <c>quantize_dynamic</c> does to an image classifier: linear layers only. Convolutions, and with them
/// nearly all of the arithmetic, stay float32, which is why results hardly move; the shares in the realisation say how
/// little it is.
/// </summary>
[Method(
    "int8-dynamic",
    "INT8 dynamic (Linear only)",
    Summary = "Linear layers with 8-bit integer kernels, activation ranges taken from each batch; convolutions stay FP32. Exactly PyTorch's quantize_dynamic, which ignores convolutions without a word.",
    Order = 30
)]
public sealed record Int8Dynamic : Precision
{
    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        var layers = trained.modules().OfType<FullyConnected>().ToList();
        if (layers.Count == 0)
        {
            throw new NotApplicableException(
                "The network has no linear layer, and dynamic INT8 quantizes nothing else."
            );
        }

        var kernels = new QuantizedKernels();
        var floatModel = trained.Clone();
        DynamicLinear arithmetic;
        try
        {
            arithmetic = QuantizedEngine.With(QuantizedLibrary.Fbgemm, () => Pack(floatModel, kernels));
        }
        catch
        {
            kernels.Dispose();
            floatModel.Dispose();
            throw;
        }

        floatModel.eval();
        var count = layers.Count == 1 ? "The one linear layer" : $"{layers.Count} linear layers";
        var realisation = new Realisation(
            Realisation.IntegerKernels,
            $"{count} with FBGEMM kernels: int8 weights (per tensor, symmetric), unsigned activations 0..127 (reduced range, asymmetric, "
                + "from the batch at hand); "
                + (
                    CostMeter.Of(trained).AttentionMultiplyAdds > 0
                        ? "patches, positions, layer normalisation, attention and GELU in float32."
                        : "all convolutions in float32."
                ),
            QuantizedShare.OfParameters(trained, layer => layer is FullyConnected ? layer.weight.numel() : 0),
            QuantizedShare.OfMultiplyAdds(trained, layer => layer is FullyConnected)
        );
        return new DeployedNetwork(
            floatModel,
            arithmetic,
            floatModel,
            ownsFloatModel: true,
            realisation,
            GradientAccess.StraightThrough
        );
    }

    // The kernels take the rounded weights; the float model keeps them as floats.
    private static DynamicLinear Pack(Classifier floatModel, QuantizedKernels kernels)
    {
        var numbers = new Dictionary<FullyConnected, int>();
        foreach (var layer in floatModel.modules().OfType<FullyConnected>())
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var weight = quantize_per_tensor(
                layer.weight.detach(),
                WeightRounding.Int8Scale(layer.weight),
                0,
                ScalarType.QInt8
            );
            layer.weight.copy_(weight.dequantize());
            numbers[layer] = kernels.AddLinear(weight, layer.bias?.detach() ?? zeros(layer.weight.shape[0]));
        }

        return new(kernels, numbers);
    }

    private sealed class DynamicLinear(QuantizedKernels kernels, IReadOnlyDictionary<FullyConnected, int> numbers)
        : FloatArithmetic,
            IDisposable
    {
        public override Tensor Connect(FullyConnected layer, bool relu, Tensor input) =>
            ReluIf(kernels.LinearDynamic(numbers[layer], input), relu);

        public void Dispose() => kernels.Dispose();
    }
}
