using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Quantization-aware training (Jacob et al., "Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference", CVPR 2018): fine-tuning with weights and every step's result rounded as they
/// will be deployed, gradients straight through. Batch normalisation keeps its statistics, as it is folded when
/// deployed; its gains and shifts are trained like weights. Departures: starts from a trained network instead of from
/// scratch; activation ranges are those of the trained float network instead of moving averages, and stay what they are
/// (reading them again afterwards lost up to seven points of accuracy at four bits); Adam along a cosine; no
/// augmentation.
/// </summary>
/// <param name="scales">Scales of a layer's weights, shaped to divide them; taken anew from weights and normalisation
/// at every step.</param>
/// <param name="ranges">One range for each step of a pass, in the order of <see cref="StepArithmetic"/>.</param>
internal sealed class QuantizationAwareTraining(Func<LayerStep, Tensor> scales, IReadOnlyList<ActivationRange> ranges)
{
    private const int BatchSize = 64;

    // 1.8 to 2.6 on ResNet-8: weights are differentiated too, and every step is rounded.
    private const double GradientImagesPerImage = 2.2;

    /// <summary>Gradients with respect to the input that take as long as one pass over so many images.</summary>
    internal static double GradientImages(int count) => GradientImagesPerImage * count;

    /// <summary>
    /// A fine-tuned copy in evaluation mode, its weights not rounded yet. The caller owns it. Costs
    /// <paramref name="epochs"/> forward and backward passes over <paramref name="labelled"/>.
    /// </summary>
    /// <exception cref="TrainingDivergedException">The loss is NaN or infinite.</exception>
    internal Classifier Of(Classifier trained, ImageSet labelled, int epochs, double learningRate, RunContext run)
    {
        var tuned = trained.Clone();
        try
        {
            var steps = LayerStep.InOrder(tuned).ToDictionary(step => step.Layer);
            var arithmetic = new StepArithmetic(
                (step, values) => FakeQuantization.OfActivations(values, ranges[step]),
                new OtherWeights(layer => FakeQuantization.OfWeights(layer.weight, scales(steps[layer])))
            );
            FineTuning.Run(
                tuned,
                labelled,
                new(epochs, BatchSize, learningRate),
                run,
                (images, labels) => nn.functional.cross_entropy(tuned.Logits(arithmetic, images), labels)
            );
            return tuned;
        }
        catch
        {
            tuned.Dispose();
            throw;
        }
    }
}
