using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Whether a trigger reversed on the float model also works on the model as it is deployed.</summary>
internal static class StampedSuccess
{
    /// <summary>
    /// Share of images of other classes that the trigger sends to <paramref name="target"/>; null when there are none.
    /// </summary>
    internal static double? Measure(
        DeployedClassifier model,
        ImageSet images,
        ReversedTrigger trigger,
        int target,
        RunContext run
    )
    {
        var others = images.Select([
            .. Enumerable.Range(0, images.Count).Where(index => images.Labels[index] != target),
        ]);
        if (others.Count == 0)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var logits = Inference.Rows(batch => model.Logits(trigger.On(batch, images)), others, run);
        return (double)Inference.ArgMax(logits, others.Count).Count(label => label == target) / others.Count;
    }
}
