using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Services;

/// <summary>What a check has come to.</summary>
public enum CheckOutcome
{
    /// <summary>Nothing yet.</summary>
    Pending,

    /// <summary>A detector flagged the model.</summary>
    Suspicious,

    /// <summary>A detector could have flagged it, and none did.</summary>
    Nothing,

    /// <summary>No detector could say anything.</summary>
    Undecidable,
}

/// <summary>What one detector says.</summary>
/// <param name="Cell">Its cell.</param>
/// <param name="Outcome">Its verdict.</param>
/// <param name="Sentence">Which class, or why there is no verdict.</param>
public sealed record DetectorVerdict(CellRow Cell, CheckOutcome Outcome, string Sentence)
{
    /// <summary>Name of the detector, and of the precision where it is not the usual one.</summary>
    public string Name => Cell.Key.Precision == ResultWords.ReferencePrecision
        ? KindWords.Label(Cell.Key.Defense)
        : $"{KindWords.Label(Cell.Key.Defense)}, {KindWords.Label(Cell.Key.Precision)}";

    /// <summary>The verdict in a word or two.</summary>
    public string Word => CheckVerdict.Words(Outcome);

    /// <summary>"2.41", or a dash.</summary>
    public string Score => Number(Metric.DetectorScore);

    /// <summary>"2", or a dash.</summary>
    public string Threshold => Number(Metric.DetectorThreshold);

    private string Number(Metric metric) => Cell.Value(metric.Id) is { } value ? Numbers.Plain(value) : "–";
}

/// <summary>
/// The answer to "is my model suspicious", worded as carefully as the numbers deserve: page and report say the same.
/// </summary>
/// <param name="Outcome">What it has come to.</param>
/// <param name="Title">The answer in one line.</param>
/// <param name="Text">What it means and what it does not.</param>
/// <param name="Detectors">Each detector's verdict.</param>
/// <param name="Next">What to do now.</param>
public sealed record CheckVerdict(CheckOutcome Outcome, string Title, string Text, IReadOnlyList<DetectorVerdict> Detectors, IReadOnlyList<string> Next)
{
    /// <summary>Reads the cells of a check.</summary>
    public static CheckVerdict Of(RunDetail run)
    {
        DetectorVerdict[] detectors = [.. run.Cells.Where(cell => cell.Key.Defense.Length > 0).Select(Of)];
        var accuracy = run.Run.CleanAccuracy;
        return detectors switch
        {
            _ when detectors.Length == 0 && accuracy is not null => Undecidable("No detector was chosen.", detectors),
            _ when detectors.Length == 0 || detectors.All(one => one.Outcome == CheckOutcome.Pending) => new(
                CheckOutcome.Pending, run.Run.Ended is null ? "Not yet known" : "No verdict", "No detector has ended.", detectors, []),
            _ when accuracy < SuspectModel.LowAccuracy => Undecidable(
                $"The model is right on {Numbers.Percent(accuracy.Value)} of clean images only, so data set or pixel scale are probably not those it was trained with; what a detector says then means little.", detectors),
            _ when detectors.FirstOrDefault(one => one.Outcome == CheckOutcome.Suspicious) is { } found => Suspicious(found, detectors),
            _ when detectors.Any(one => one.Outcome == CheckOutcome.Pending) && run.Run.Ended is null => new(
                CheckOutcome.Pending, "Nothing found so far", "Some detectors have not ended.", detectors, []),
            _ when detectors.Any(one => one.Outcome == CheckOutcome.Nothing) => Nothing(detectors),
            _ => Undecidable("No detector could say anything about this model; the table has the reasons.", detectors),
        };
    }

    /// <summary>A verdict in a word or two.</summary>
    public static string Words(CheckOutcome outcome) => outcome switch
    {
        CheckOutcome.Suspicious => "suspicious",
        CheckOutcome.Nothing => "nothing found",
        CheckOutcome.Undecidable => "not decidable",
        _ => "not run yet",
    };

    private static CheckVerdict Suspicious(DetectorVerdict found, IReadOnlyList<DetectorVerdict> detectors) => new(
        CheckOutcome.Suspicious,
        found.Sentence.StartsWith(SuspicionWords.Flagged, StringComparison.Ordinal) ? found.Sentence : "Suspicious",
        $"{found.Name} found a pattern that sends images of all classes to this one and is far smaller than what the other classes need, as a planted trigger would be. "
            + "It may be a false alarm: rules of this kind also flag some models that nobody attacked.",
        detectors,
        [
            "Do not put the model to use as it is.",
            "Look at the recovered trigger: a compact mark speaks for a backdoor, a blurred picture of the class itself for a false alarm.",
            "Check again with another seed and with the other detector; what turns up only once is more likely a false alarm.",
            "Ask for the training data: with it sample detectors look for the poisoned images.",
            "Repair it by fine-pruning on clean images you trust and check the result again, or train it anew from data you trust.",
        ]);

    private static CheckVerdict Nothing(IReadOnlyList<DetectorVerdict> detectors) => new(
        CheckOutcome.Nothing,
        "Nothing found",
        "No detector flagged the model. That is no proof that it is clean: in this program's own studies Neural Cleanse overlooked from a third to four fifths of the backdoored models. "
            + "It looks for a small patch that works on every image; triggers spread over the whole image, several target classes at once and attacks made against it are missed.",
        detectors,
        [
            "Check again with another seed and with the other detector; each looks in another way.",
            "If the model will run quantized, check the quantized one as well: some backdoors wake only then.",
            "Ask for the training data and for how it was trained; what was never shown cannot be ruled out.",
            "Where much depends on it, fine-tune or train the model anew on data you trust.",
        ]);

    private static CheckVerdict Undecidable(string text, IReadOnlyList<DetectorVerdict> detectors) => new(
        CheckOutcome.Undecidable,
        "Not decidable",
        text,
        detectors,
        [
            "Make sure that data set and pixel scale are those of the training, and check again.",
            "Choose another detector, or give Neural Cleanse more rounds.",
        ]);

    private static DetectorVerdict Of(CellRow cell)
    {
        if (cell.Outcome != CellOutcome.Value)
        {
            return new(cell, cell.Outcome == CellOutcome.NotRun ? CheckOutcome.Pending : CheckOutcome.Undecidable, cell.Reason);
        }

        var named = cell.Notes.FirstOrDefault(note => note.StartsWith(SuspicionWords.Flagged, StringComparison.Ordinal) || note.StartsWith(SuspicionWords.Quiet, StringComparison.Ordinal)) ?? "";
        if (cell.Value(Metric.Flagged.Id) >= 0.5)
        {
            return new(cell, CheckOutcome.Suspicious, named);
        }

        // A rule that could hardly have fired whatever the model is has not acquitted it.
        return cell.Notes.FirstOrDefault(note => note.Contains("Not decidable", StringComparison.Ordinal)) is { } silent
            ? new(cell, CheckOutcome.Undecidable, silent)
            : new(cell, CheckOutcome.Nothing, named);
    }
}
