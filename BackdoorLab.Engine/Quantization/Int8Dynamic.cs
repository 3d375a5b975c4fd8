using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// What PyTorch's <c>quantize_dynamic</c> does to an image classifier: linear layers only. Convolutions, and with them nearly all of the
/// arithmetic, stay float32, which is why results hardly move; the shares in the realisation say how little it is.
/// </summary>
[Method(
    "int8-dynamic",
    "INT8 dynamic (Linear only)",
    Summary = "Linear layers with 8-bit integer kernels, activation ranges taken from each batch; convolutions stay FP32. Exactly PyTorch's quantize_dynamic, which ignores convolutions without a word.",
    Order = 30)]
public sealed record Int8Dynamic : Precision
{
    /// <inheritdoc/>
    public override DeployedClassifier Convert(Classifier trained, ImageSet calibration, RunContext run)
    {
        var layers = trained.modules().OfType<FullyConnected>().ToList();
        if (layers.Count == 0)
        {
            throw new NotApplicableException("The network has no linear layer, and dynamic INT8 quantizes nothing else.");
        }

        var kernels = new QuantizedKernels();
        var network = trained.Clone();
        var twin = trained.Clone();
        try
        {
            QuantizedEngine.With(QuantizedLibrary.Fbgemm, () => Pack(network, twin, kernels));
        }
        catch
        {
            kernels.Dispose();
            network.Dispose();
            twin.Dispose();
            throw;
        }

        network.eval();
        twin.eval();
        var count = layers.Count == 1 ? "The one linear layer" : $"{layers.Count} linear layers";
        var realisation = new Realisation(
            "integer kernels",
            $"{count} with FBGEMM kernels: int8 weights (per tensor, symmetric), unsigned activations 0..127 (reduced range, asymmetric, "
            + "from the batch at hand); all convolutions in float32.",
            QuantizedShare.OfParameters(trained, layer => layer is FullyConnected ? layer.weight.numel() : 0),
            QuantizedShare.OfMultiplyAdds(trained, layer => layer is FullyConnected));
        return new DeployedNetwork(network, twin, ownsTwin: true, realisation, GradientAccess.StraightThrough, kernels);
    }

    private static int Pack(Classifier network, Classifier twin, QuantizedKernels kernels)
    {
        var layers = network.modules().OfType<FullyConnected>().ToList();
        foreach (var (layer, floating) in layers.Zip(twin.modules().OfType<FullyConnected>()))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var weight = quantize_per_tensor(layer.weight.detach(), WeightRounding.Int8Scale(layer.weight), 0, ScalarType.QInt8);
            floating.weight.copy_(weight.dequantize());
            var number = kernels.AddLinear(weight, layer.bias!.detach());
            layer.Kernel = input => kernels.LinearDynamic(number, input);
        }

        return layers.Count;
    }
}
