using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Does a model's gradient with respect to the input say what the deployed arithmetic does? Integer kernels have none,
/// and the float model's stands in; a chain that breaks silently would turn every gradient method into a detector that
/// never fires. So the loss towards another class is followed a small step up and down the gradient, by the deployed
/// arithmetic, and compared with what the gradient predicts.
/// </summary>
public static class GradientCheck
{
    /// <summary>Below this agreement a gradient method is not applicable.</summary>
    public const double LeastAgreement = 0.2;

    private const int Images = 64;

    // Euclidean length of the step of each image: a few grey levels on the pixels that matter, well above the step of
    // 8-bit activations.
    private const double Step = 0.3;

    /// <summary>
    /// Measured change of the mean loss over the predicted one: 1 where the gradient is that of the deployed
    /// arithmetic, 0 where it says nothing.
    /// </summary>
    /// <param name="model">The deployed model.</param>
    /// <param name="clean">Clean images; the first 64 are used.</param>
    /// <param name="run">Cancellation.</param>
    /// <exception cref="NotApplicableException">No gradient reaches the input, or it disagrees with the deployed
    /// arithmetic.</exception>
    public static double Measure(DeployedClassifier model, ImageSet clean, RunContext run)
    {
        run.ThrowIfCancelled();
        using var scope = NewDisposeScope();
        var count = Math.Min(Images, clean.Count);
        int[] indices = [.. Enumerable.Range(0, count)];
        var images = Batches.Images(clean, indices);
        var others = tensor(Array.ConvertAll(indices, i => (long)((clean.Labels[i] + 1) % clean.Classes)));
        var input = images.detach().clone().requires_grad_();
        Loss(model.FloatModel.call(input), others).backward();
        model.FloatModel.zero_grad();
        var gradient = input.grad ?? throw new NotApplicableException("No gradient reaches the input of this model.");
        using var noGrad = no_grad();
        var lengths = gradient.flatten(1).norm(1).reshape(count, 1, 1, 1);
        if (!lengths.isfinite().all().item<bool>() || lengths.max().item<float>() == 0)
        {
            throw new NotApplicableException(
                "The gradient that reaches the input of this model is zero or not finite."
            );
        }

        var step = gradient / lengths.clamp_min(1e-12f) * Step;
        var predicted = (gradient * step).sum().item<float>();
        var measured =
            (Loss(model.Logits(images + step), others) - Loss(model.Logits(images - step), others)).item<float>() / 2;
        var agreement = measured / predicted;
        return agreement >= LeastAgreement
            ? agreement
            : throw new NotApplicableException(
                FormattableString.Invariant(
                    $"The gradient does not describe the deployed arithmetic: a step along it changes the loss by {agreement:0.00} of what it predicts (at least {LeastAgreement} is asked for)."
                )
            );
    }

    private static Tensor Loss(Tensor logits, Tensor labels) => nn.functional.cross_entropy(logits, labels);
}
