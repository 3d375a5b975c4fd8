using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// The images that every epoch of all models of a run is measured on. They are of all test images, since the size of
/// the holdout is not in a training's key.
/// </summary>
/// <param name="test">All clean test images.</param>
/// <param name="attack">The attack.</param>
/// <param name="trigger">Its trigger.</param>
internal sealed class CurveImages(ImageSet test, Attack attack, Trigger trigger)
{
    /// <summary>Images of a set, at most.</summary>
    internal const int Most = 1000;

    private readonly Lazy<ImageSet> _clean = new(() => Spread(test, _ => true));

    private readonly Lazy<TriggeredSet> _triggered = new(() =>
        Poisoner.Trigger(Spread(test, label => attack.Map(label, test.Classes) != label), attack, trigger)
    );

    // The twin is shared by all attacks, so what its training tells may depend on none: attack success on it is a
    // matter of its cells.

    /// <summary>Clean accuracy, and of the backdoored model attack success and robust accuracy.</summary>
    /// <param name="victim">Which model.</param>
    /// <param name="model">It, in evaluation mode.</param>
    /// <param name="run">Cancellation, progress.</param>
    internal BackdoorMetrics Measure(Victim victim, Classifier model, RunContext run) =>
        Evaluator.Measure(model, _clean.Value, victim == Victim.Backdoored ? _triggered.Value : null, run);

    // Evenly spread, the same in every epoch.
    private static ImageSet Spread(ImageSet images, Func<int, bool> isEligible)
    {
        int[] all = [.. Enumerable.Range(0, images.Count).Where(i => isEligible(images.Labels[i]))];
        var count = Math.Min(Most, all.Length);
        return images.Select([.. Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)])]);
    }
}
