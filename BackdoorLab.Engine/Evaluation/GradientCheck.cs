using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Does a model's gradient with respect to the input say what the deployed arithmetic does? Integer kernels have none,
/// and the float model's stands in; a chain that breaks silently would turn every gradient method into a detector that
/// never fires. So the loss towards another class is followed a step up and down the gradient, by the deployed
/// arithmetic and by the float model whose gradient it is, and both changes are compared. What the gradient alone
/// predicts is no measure: a well-trained network bends within a grey level, and its own, exact gradient would be
/// refused.
/// </summary>
public static class GradientCheck
{
    /// <summary>Below this agreement a gradient method is not applicable.</summary>
    public const double LeastAgreement = 0.2;

    private const int Images = 64;

    // Euclidean length of the step of each image: a few grey levels on the pixels that matter, well above the step of
    // 8-bit activations.
    private const double LongestStep = 0.3;

    // A sixteenth of it: less than a tenth of a grey level on average, which 8-bit activations hardly see.
    private const double ShortestStep = LongestStep / 16;

    // Share of what the gradient predicts that the float model itself has to follow over the step.
    private const double Followed = 0.5;

    /// <summary>
    /// Change of the mean loss by the deployed arithmetic over the float model's: 1 where the deployed arithmetic does
    /// what the gradient is of, 0 where the gradient says nothing. The step is halved, to a sixteenth at most, while
    /// the float model bends away from its own gradient within it.
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

        var direction = gradient / lengths.clamp_min(1e-12f);
        var slope = (gradient * direction).sum().item<float>();
        var length = LongestStep;
        double expected;
        while (
            (expected = Change(model.FloatModel.call, images, direction * length, others)) < Followed * slope * length
            && length > ShortestStep
        )
        {
            length /= 2;
        }

        var agreement = Change(model.Logits, images, direction * length, others) / expected;
        return agreement >= LeastAgreement
            ? agreement
            : throw new NotApplicableException(
                FormattableString.Invariant(
                    $"The gradient does not describe the deployed arithmetic: a step along it changes the loss by {agreement:0.00} of what the float model's changes by (at least {LeastAgreement} is asked for)."
                )
            );
    }

    /// <summary>Half the difference of the loss between a step up and a step down.</summary>
    private static double Change(Func<Tensor, Tensor> logits, Tensor images, Tensor step, Tensor labels)
    {
        using var scope = NewDisposeScope();
        return (Loss(logits(images + step), labels) - Loss(logits(images - step), labels)).item<float>() / 2.0;
    }

    private static Tensor Loss(Tensor logits, Tensor labels) => nn.functional.cross_entropy(logits, labels);
}
