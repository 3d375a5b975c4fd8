using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>The batch normalisations of any network in the order they run, found by running it.</summary>
internal static class Normalizations
{
    /// <summary>All of them, by one pass over a black image; empty where there are none.</summary>
    internal static IReadOnlyList<BatchNorm2d> Of(Classifier network)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wasTraining = network.training;
        network.eval();
        var recorder = new Recorder();
        network.Logits(recorder, zeros(1, network.Shape.Channels, network.Shape.Height, network.Shape.Width));
        network.train(wasTraining);
        return recorder.Found;
    }

    private sealed class Recorder : FloatArithmetic
    {
        internal List<BatchNorm2d> Found { get; } = [];

        public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
        {
            if (norm is not null)
            {
                Found.Add(norm);
            }

            return base.Convolve(layer, norm, relu, input);
        }

        public override Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input)
        {
            Found.Add(norm);
            return base.Normalize(norm, relu, input);
        }
    }
}
