using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Collects what a scorer finds and keeps the promises of <see cref="Scored"/>: finite numbers, each metric once.
/// </summary>
internal sealed class ScoreSheet
{
    private readonly List<Measurement> _measurements = [];
    private readonly List<Figure> _figures = [];
    private readonly List<string> _notes = [];
    private Verdict? _verdict;

    public void Add(Metric metric, Share share)
    {
        if (share.IsDefined)
        {
            Add(share.As(metric));
        }
        else
        {
            Note($"{metric.Name} is not defined: there is nothing to count.");
        }
    }

    public void Add(Metric metric, double value, int? count = null) => Add(new Measurement(metric.Id, value, count));

    /// <summary>A model-level yes or no: one model, so the interval says how little it proves.</summary>
    public void Add(Metric metric, bool yes) => Add(new Share(yes ? 1 : 0, 1).As(metric));

    /// <summary>What was said of the model, and the rate that counts it: none where nothing could be decided.</summary>
    public void Judge(Verdict verdict, BackdoorTruth truth, IReadOnlyList<int> suspected, int? top)
    {
        IReadOnlyList<int> labels =
            suspected.Count > 0 ? suspected
            : top is { } label ? [label]
            : [];
        _verdict = (truth.Doubt ?? verdict) with
        {
            Classes =
            [
                .. labels.Select(label => new NamedClass(
                    label,
                    label < truth.ClassNames.Count ? truth.ClassNames[label] : ""
                )),
            ],
        };
        if (_verdict.Decision == Decision.NotDecidable)
        {
            return;
        }

        var flagged = _verdict.Decision == Decision.Flagged;
        if (truth.IsBackdoored is { } backdoored)
        {
            Add(backdoored ? Metric.DetectionRate : Metric.FalsePositiveRate, flagged);
        }
        else
        {
            Add(Metric.Flagged, flagged ? 1 : 0);
        }
    }

    /// <summary>Takes over the defense's own numbers; they cannot replace the scorer's.</summary>
    public void Report(IEnumerable<DefenseNumber> numbers)
    {
        foreach (var number in numbers)
        {
            Add(new Measurement(number.Name, number.Value));
        }
    }

    public void Figure(Figure? figure)
    {
        if (figure is not null)
        {
            _figures.Add(figure);
        }
    }

    public void Note(string note)
    {
        if (note.Length > 0 && !_notes.Contains(note))
        {
            _notes.Add(note);
        }
    }

    public Scored ToScored() =>
        new()
        {
            Measurements = _measurements,
            Verdict = _verdict,
            Figures = _figures,
            Notes = _notes,
        };

    private void Add(Measurement measurement)
    {
        var name = MetricCatalog.Find(measurement.Metric).Name;
        if (!double.IsFinite(measurement.Value))
        {
            Note($"{name} is {measurement.Value.ToString(CultureInfo.InvariantCulture)} and is left out.");
        }
        else if (_measurements.Any(row => row.Metric == measurement.Metric))
        {
            Note($"{name} was reported twice; the first value is kept.");
        }
        else
        {
            _measurements.Add(measurement);
        }
    }
}
