using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Cross-entropy against labels of which a share is spread evenly over all classes (Szegedy et al., arXiv 1512.00567,
/// section 7): (1 - s) times that of the label plus s times the mean over all classes.
/// </summary>
/// <param name="share">s, above 0 and below 1.</param>
internal sealed class LabelSmoothing(double share)
{
    private readonly Scalar _kept = 1 - share;
    private readonly Scalar _spread = -share;
    private readonly Scalar _one = 1.0;

    /// <summary>The loss of these options, or null where labels are not smoothed.</summary>
    internal static LabelSmoothing? Of(TrainOptions options) =>
        options.LabelSmoothing > 0 ? new(options.LabelSmoothing) : null;

    /// <summary>Mean loss of a batch.</summary>
    /// <param name="logits">float [n, classes].</param>
    /// <param name="labels">int64 [n].</param>
    internal Tensor Loss(Tensor logits, Tensor labels)
    {
        var likelihoods = nn.functional.log_softmax(logits, 1);
        var label = nn.functional.nll_loss(likelihoods, labels).mul(_kept);
        return label.add(likelihoods.mean().mul(_spread), _one);
    }
}
