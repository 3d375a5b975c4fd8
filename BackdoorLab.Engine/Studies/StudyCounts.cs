using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Studies;

/// <summary>Values of a study's cells under the rules of their methods.</summary>
public static class StudyCounts
{
    /// <summary>
    /// The value of a metric under the rules of the cell's method. Released code counts a model on which the method
    /// fails, does not apply or cannot decide as one that was not flagged, so those cells do too; elsewhere none of
    /// these is an observation.
    /// </summary>
    /// <param name="cell">The cell.</param>
    /// <param name="metric">Id of the metric.</param>
    public static StudyValue? Counted(this StudyCell cell, string metric)
    {
        var measured = cell.Values.GetValueOrDefault(metric);
        var silent = cell.CountedAsNotFlagged(metric);
        if (silent == 0)
        {
            return measured;
        }

        var (mean, n) = (measured?.Value ?? 0, measured?.N ?? 0);
        if (cell.Role != StudyRole.Models)
        {
            // The shares of single models are not in the report, so the interval over all of them is not known.
            return new(mean * n / (n + silent), null, null, n + silent);
        }

        var share = new Share((int)Math.Round(mean * n), n + silent);
        return new(share.Value, share.Interval.Low, share.Interval.High, share.Count);
    }
}
