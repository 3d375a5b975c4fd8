using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Measures the intermediate models that a defense shows through <see cref="Defenses.DefenseContext.Observe"/>, on a
/// fixed random subset of the test images, and gives nothing back.
/// </summary>
public sealed class CurveRecorder
{
    private readonly ImageSet _clean;
    private readonly TriggeredSet? _triggered;
    private readonly RunContext _run;
    private readonly List<CurvePoint> _points = [];

    /// <summary>Makes a recorder that uses at most <paramref name="maxImages"/> images of each kind.</summary>
    public CurveRecorder(ImageSet cleanTest, TriggeredSet? triggered, RunContext run, int maxImages = 1000)
    {
        var random = run.Seeds.Child("curve").Random();
        _run = run;
        _clean = cleanTest.Select(Sampling.Choose(cleanTest.Count, maxImages, random));
        if (triggered is not null)
        {
            int[] eligible = [.. triggered.EligibleIndices()];
            _triggered = triggered.Select([
                .. Sampling.Choose(eligible.Length, maxImages, random).Select(i => eligible[i]),
            ]);
        }
    }

    /// <summary>The points so far, in the order of their observation.</summary>
    public IReadOnlyList<CurvePoint> Points => _points;

    /// <summary>Measures one model; leaves its training mode as it was.</summary>
    public void Observe(string phase, double abscissa, Classifier intermediate)
    {
        var training = intermediate.training;
        intermediate.eval();
        try
        {
            var metrics = Evaluator.Measure(intermediate, _clean, _triggered, _run);
            double? attackSuccess = metrics.AttackSuccessRate.IsDefined ? metrics.AttackSuccessRate.Value : null;
            _points.Add(new CurvePoint(phase, abscissa, metrics.CleanAccuracy.Value, attackSuccess));
        }
        finally
        {
            intermediate.train(training);
        }
    }
}
