using System.Globalization;
using System.Text.RegularExpressions;
using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Filters;

/// <summary>What a person types into the search box of the run list.</summary>
/// <param name="Words">The words that are no conditions, separated by spaces.</param>
/// <param name="Conditions">The conditions.</param>
/// <param name="Faults">What could not be understood, each with the remedy; such parts do not filter.</param>
public sealed partial record RunQueryText(
    string Words,
    IReadOnlyList<RunCondition> Conditions,
    IReadOnlyList<string> Faults
)
{
    /// <summary>Names of the fields, in the order of help texts.</summary>
    public static IReadOnlyDictionary<string, RunField> Fields { get; } =
        new Dictionary<string, RunField>
        {
            ["attack"] = RunField.Attack,
            ["dataset"] = RunField.Dataset,
            ["model"] = RunField.Model,
            ["tag"] = RunField.Tag,
            ["state"] = RunField.State,
            ["owner"] = RunField.Owner,
            ["seed"] = RunField.Seed,
            ["rate"] = RunField.PoisonRate,
            ["ca"] = RunField.CleanAccuracy,
            ["asr"] = RunField.AttackSuccessRate,
            ["seconds"] = RunField.Seconds,
            ["created"] = RunField.Created,
            ["name"] = RunField.Name,
            ["study"] = RunField.Study,
            ["config"] = RunField.Config,
            ["condition"] = RunField.Condition,
            ["id"] = RunField.Id,
        };

    /// <summary>
    /// Reads a text such as <c>attack:badnets,blended asr&gt;90% -tag:old street</c>: conditions are a field, one of
    /// <c>: = &lt; &lt;= &gt; &gt;=</c> and a value; a minus in front turns one round; commas separate alternatives;
    /// quotes hold what has spaces or should be a plain word.
    /// </summary>
    /// <param name="text">The text, or null.</param>
    public static RunQueryText Parse(string? text)
    {
        List<string> words = [],
            faults = [];
        var conditions = new List<RunCondition>();
        foreach (Match token in Token().Matches(text ?? ""))
        {
            if (!token.Groups["field"].Success)
            {
                words.Add(Unquote(token.Value));
            }
            else if (!Fields.TryGetValue(token.Groups["field"].Value.ToLowerInvariant(), out var field))
            {
                faults.Add(
                    $"There is no field '{token.Groups["field"].Value}'. Fields are {string.Join(", ", Fields.Keys)}; "
                        + $"put quotes around '{token.Value}' to search for it as a word."
                );
            }
            else if (Condition(field, token, faults) is { } condition)
            {
                conditions.Add(condition);
            }
        }

        return new(string.Join(' ', words), conditions, faults);
    }

    private static RunCondition? Condition(RunField field, Match token, List<string> faults)
    {
        var comparison = Comparison(token.Groups["sign"].Value);
        var value = token.Groups["value"].Value;
        var negated = token.Groups["not"].Success;
        var isText =
            field
            is not (
                RunField.Seed
                or RunField.PoisonRate
                or RunField.CleanAccuracy
                or RunField.AttackSuccessRate
                or RunField.Seconds
                or RunField.Created
            );
        if (isText && comparison is not (RunComparison.Has or RunComparison.Equal))
        {
            faults.Add($"'{token.Value}': {token.Groups["field"].Value} is a text; use ':' (contains) or '='.");
            return null;
        }

        if (field == RunField.Created)
        {
            return DaysAgo(value) is { } days ? new(field, comparison, [], Negated: negated, DaysAgo: days)
                : Day(value) is { } day ? new(field, comparison, [], Time: day, Negated: negated)
                : Fault(
                    $"'{token.Value}': a day is written as 2026-11-24 (UTC), or as today, yesterday, "
                        + "7d (seven days ago) or 2w."
                );
        }

        if (!isText)
        {
            return Number(value) is { } number
                ? new(field, comparison, [], number, Negated: negated)
                : Fault($"'{token.Value}': '{value}' is not a number; shares are written as 0.9 or 90%.");
        }

        var texts = value.StartsWith('"') ? [Unquote(value)] : value.Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (texts.Length == 0)
        {
            return Fault($"'{token.Value}': a value is missing after '{token.Groups["sign"].Value}'.");
        }

        if (field == RunField.Tag)
        {
            texts = [.. texts.SelectMany(TagText.Parse)];
        }
        else if (field == RunField.State)
        {
            var states = texts.Select(State).ToList();
            if (states.IndexOf(null) is >= 0 and var wrong)
            {
                var known = string.Join(", ", Enum.GetNames<RunState>()).ToLowerInvariant();
                return Fault($"'{token.Value}': there is no state '{texts[wrong]}'. States are {known}.");
            }

            texts = [.. states.Select(state => state!.Value.ToString())];
        }

        return new(field, comparison, texts, Negated: negated);

        RunCondition? Fault(string text)
        {
            faults.Add(text);
            return null;
        }
    }

    // On screen a run that succeeded is "finished".
    private static RunState? State(string text) =>
        text.Equals("finished", StringComparison.OrdinalIgnoreCase)
            ? RunState.Succeeded
            : EnumName.Read<RunState>(text);

    private static int? DaysAgo(string text) =>
        text.ToLowerInvariant() switch
        {
            "today" => 0,
            "yesterday" => 1,
            [.. var count, 'd'] when Count(count) is { } days => days,
            [.. var count, 'w'] when Count(count) is { } weeks => 7 * weeks,
            _ => null,
        };

    private static DateTime? Day(string text) =>
        DateTime.TryParseExact(
            text,
            "yyyy-MM-dd",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var day
        )
            ? day
            : null;

    // Four digits: no day before the calendar.
    private static int? Count(string text) =>
        text.Length is > 0 and <= 4
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : null;

    private static double? Number(string text)
    {
        var percent = text.EndsWith('%');
        var digits = percent ? text[..^1] : text;
        return
            double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
            ? percent
                ? number / 100
                : number
            : null;
    }

    private static RunComparison Comparison(string sign) =>
        sign switch
        {
            "=" => RunComparison.Equal,
            "<" => RunComparison.Less,
            "<=" => RunComparison.AtMost,
            ">" => RunComparison.Greater,
            ">=" => RunComparison.AtLeast,
            _ => RunComparison.Has,
        };

    private static string Unquote(string text) => text.Trim('"');

    [GeneratedRegex(
        """(?<not>-)?(?<field>[A-Za-z]+)(?<sign>:|<=|>=|<|>|=)(?<value>"[^"]*"?|\S*)|"[^"]*"?|\S+""",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex Token();
}
