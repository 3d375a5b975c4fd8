using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Check;

/// <summary>What one detector says.</summary>
/// <param name="Cell">Its cell.</param>
/// <param name="Verdict">Its verdict; null where it has none.</param>
/// <param name="Word">The verdict in a word or two, or what became of the cell.</param>
/// <param name="Sentence">Which class, or why there is no verdict.</param>
public sealed record DetectorVerdict(CellResult Cell, Verdict? Verdict, string Word, string Sentence)
{
    /// <summary>Name of the detector, and of the precision where it is not the usual one.</summary>
    public string Name =>
        Cell.Id.Precision == KnownLabels.ReferencePrecision
            ? KindWords.Label(Cell.Id.DefenseLabel)
            : $"{KindWords.Label(Cell.Id.DefenseLabel)}, {KindWords.Label(Cell.Id.Precision)}";

    /// <summary>"2.41", or a dash.</summary>
    public string Score => Number(Metric.DetectorScore);

    /// <summary>"2", or a dash.</summary>
    public string Threshold => Number(Metric.DetectorThreshold);

    /// <summary>What a cell says.</summary>
    public static DetectorVerdict Of(CellResult cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        var verdict = cell.Verdict;
        return cell.Outcome switch
        {
            Outcome.Value when verdict is not null => new(
                cell,
                verdict,
                VerdictWords.Of(verdict.Decision),
                VerdictWords.Sentence(verdict)
            ),
            Outcome.Value => new(
                cell,
                null,
                "unknown",
                "An earlier version computed this and kept no verdict; check the model again."
            ),
            Outcome.NotRun => new(cell, null, "not run yet", cell.Reason),
            _ => new(cell, null, MatrixWords.OutcomeText(cell.Outcome), cell.Reason),
        };
    }

    private string Number(Metric metric) => Cell.Value(metric.Id) is { } value ? Numbers.Plain(value) : "–";
}

/// <summary>
/// The answer to "is my model backdoored", worded as carefully as the numbers deserve: page, report, API and command
/// line say the same.
/// </summary>
/// <param name="Verdict">What it has come to; null while nothing is known.</param>
/// <param name="Title">The answer in one line.</param>
/// <param name="Text">What it means and what it does not.</param>
/// <param name="Detectors">Each detector's verdict.</param>
/// <param name="Next">What to do now.</param>
public sealed record CheckVerdict(
    Verdict? Verdict,
    string Title,
    string Text,
    IReadOnlyList<DetectorVerdict> Detectors,
    IReadOnlyList<string> Next
)
{
    /// <summary>
    /// Class of the answer in style sheets: <c>flagged</c>, <c>not-flagged</c>, <c>not-decidable</c>, <c>pending</c>.
    /// </summary>
    public string Style => Verdict is null ? "pending" : VerdictWords.Of(Verdict.Decision).Replace(' ', '-');

    /// <summary>Reads a check's run.</summary>
    public static CheckVerdict Of(RunDetail run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Of(run.Cells, run.Run.Ended is not null);
    }

    /// <summary>Reads the cells of a check.</summary>
    /// <param name="cells">All its cells.</param>
    /// <param name="ended">Whether no more will come.</param>
    public static CheckVerdict Of(IReadOnlyList<CellResult> cells, bool ended)
    {
        ArgumentNullException.ThrowIfNull(cells);
        DetectorVerdict[] detectors = [.. cells.Where(cell => cell.Id.Defense is not null).Select(DetectorVerdict.Of)];
        Verdict[] verdicts = [.. detectors.Select(one => one.Verdict).OfType<Verdict>()];
        var accuracy = cells.FirstOrDefault(cell => cell.Id.Defense is null)?.Value(Metric.CleanAccuracy.Id);
        var waits =
            detectors.Any(one => one.Cell.Outcome == Outcome.NotRun) || (detectors.Length == 0 && accuracy is null);
        var answer = CheckedModel.Answer(verdicts, accuracy);
        return answer.Decision switch
        {
            Decision.Flagged => Flagged(answer, detectors),
            _ when waits && !ended => Pending(
                "Not yet known",
                answer.Decision == Decision.NotFlagged
                    ? "Nothing is flagged so far; some detectors have not ended."
                    : "Some detectors have not ended.",
                detectors
            ),
            Decision.NotFlagged => Nothing(answer, detectors),
            _ when verdicts.Length == 0 && waits => Pending("No verdict", "No detector has ended.", detectors),
            _ when verdicts.Length == 0 && detectors.Any(one => one.Cell.Outcome == Outcome.Value) => Pending(
                "Unknown",
                "An earlier version made this check and kept no verdict; check the model again.",
                detectors
            ),
            _ => Undecidable(answer, detectors),
        };
    }

    private static CheckVerdict Pending(string title, string text, IReadOnlyList<DetectorVerdict> detectors) =>
        new(null, title, text, detectors, []);

    private static CheckVerdict Flagged(Verdict answer, IReadOnlyList<DetectorVerdict> detectors) =>
        new(
            answer,
            VerdictWords.Sentence(answer).TrimEnd('.'),
            Why(detectors.First(one => one.Verdict == answer))
                + "It may be a false alarm: rules of this kind also flag some models that nobody attacked.",
            detectors,
            [
                "Do not put the model to use as it is.",
                "Look at the recovered trigger: a compact mark speaks for a backdoor, a blurred picture of the class itself for a false alarm.",
                "Check again with another seed and with the other detector; what turns up only once is more likely a false alarm.",
                "Ask for the training data: with it sample detectors look for the poisoned images.",
                "Repair it by fine-pruning on clean images you trust and check the result again, or train it anew from data you trust.",
            ]
        );

    // What a detector that reverses triggers has found can be said; of another only that its rule fired.
    private static string Why(DetectorVerdict found) =>
        found.Cell.Artifacts.Any(file => file.Kind == FigureKind.ReversedTriggers)
            ? $"{found.Name} found a pattern that sends images of all classes to this one and is far smaller than what the other classes need, as a planted trigger would be. "
            : $"The rule of {found.Name} calls the model backdoored. ";

    private static CheckVerdict Nothing(Verdict answer, IReadOnlyList<DetectorVerdict> detectors) =>
        new(
            answer,
            "Not flagged",
            "No detector flagged the model. That is no proof that it is clean: a search this short overlooks backdoors that a longer one finds. "
                + "Neural Cleanse looks for a small patch that works on every image; triggers spread over the whole image, several target classes at once and attacks made against it are missed.",
            detectors,
            [
                "Check again with another seed and with the other detector; each looks in another way.",
                "If the model will run quantized, check the quantized one as well: some backdoors wake only then.",
                "Ask for the training data and for how it was trained; what was never shown cannot be ruled out.",
                "Where much depends on it, fine-tune or train the model anew on data you trust.",
            ]
        );

    private static CheckVerdict Undecidable(Verdict answer, IReadOnlyList<DetectorVerdict> detectors) =>
        new(
            answer,
            "Not decidable",
            Clause(answer) + " That neither clears nor accuses the model.",
            detectors,
            answer.Reason == UndecidedReason.LowAccuracy
                ?
                [
                    "Make sure that data set, order of the classes and pixel scale are those of the training, and check again.",
                ]
                :
                [
                    "Choose another detector, or give Neural Cleanse more rounds.",
                    "Make sure that data set, order of the classes and pixel scale are those of the training, and check again.",
                ]
        );

    // The title has said that nothing was decided.
    private static string Clause(Verdict answer)
    {
        var why = answer.Reason is { } reason
            ? VerdictWords.Because(reason, answer.Figures)
            : "no detector gave an answer";
        return $"{char.ToUpperInvariant(why[0])}{why[1..]}.";
    }
}
