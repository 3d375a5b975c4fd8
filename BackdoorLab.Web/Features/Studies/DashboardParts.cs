using System.Text.Json;
using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>What a part of a dashboard shows.</summary>
public enum DashboardPartKind
{
    /// <summary>Text in markdown.</summary>
    Text,

    /// <summary>Defense by precision.</summary>
    Matrix,

    /// <summary>Accuracy and attack success by precision.</summary>
    Rates,

    /// <summary>Scores of single models.</summary>
    Scores,

    /// <summary>All settings beside each other.</summary>
    Settings,

    /// <summary>Runs as a grid of settings by seeds.</summary>
    Runs,

    /// <summary>What the paper says beside what was measured.</summary>
    Findings,
}

/// <summary>A part of a dashboard.</summary>
public sealed record DashboardPart
{
    /// <summary>What it shows.</summary>
    public required DashboardPartKind Kind { get; init; }

    /// <summary>Heading; empty for the usual one.</summary>
    public string Title { get; init; } = "";

    /// <summary>For <see cref="DashboardPartKind.Text"/>.</summary>
    public string Markdown { get; init; } = "";

    /// <summary>Title of the study's setting; empty or unknown for the first.</summary>
    public string Setting { get; init; } = "";

    /// <summary>Id of the metric, for <see cref="DashboardPartKind.Matrix"/>.</summary>
    public string Metric { get; init; } = "";
}

/// <summary>The parts of a dashboard as they are stored.</summary>
public static class DashboardParts
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Kinds with their words.</summary>
    public static IReadOnlyList<(DashboardPartKind Kind, string Text)> Kinds { get; } =
    [
        (DashboardPartKind.Text, "Text"),
        (DashboardPartKind.Matrix, "Defense by precision"),
        (DashboardPartKind.Rates, "Accuracy and attack by precision"),
        (DashboardPartKind.Scores, "Scores of single models"),
        (DashboardPartKind.Settings, "Settings compared"),
        (DashboardPartKind.Runs, "Settings by seed"),
        (DashboardPartKind.Findings, "Paper and measurement"),
    ];

    /// <summary>What a new dashboard begins with.</summary>
    public static IReadOnlyList<DashboardPart> Usual { get; } =
    [
        new() { Kind = DashboardPartKind.Text, Markdown = "What this study asks, and what it found so far." },
        new() { Kind = DashboardPartKind.Matrix },
        new() { Kind = DashboardPartKind.Rates },
    ];

    /// <summary>A kind in words.</summary>
    public static string Words(DashboardPartKind kind) => Kinds.First(known => known.Kind == kind).Text;

    /// <summary>As JSON.</summary>
    public static string Write(IReadOnlyList<DashboardPart> parts) => JsonSerializer.Serialize(parts, Options);

    /// <summary>The same JSON with every text of a person in its one form.</summary>
    /// <exception cref="PersonTextException">A text is refused.</exception>
    public static string Take(string json) =>
        Write([
            .. Read(json)
                .Select(part =>
                    part with
                    {
                        Title = PersonText.PartTitle.Take(part.Title),
                        Markdown = PersonText.PartText.Take(part.Markdown),
                    }
                ),
        ]);

    /// <summary>From JSON; a part that this version does not know is left out.</summary>
    public static IReadOnlyList<DashboardPart> Read(string json)
    {
        List<DashboardPart> parts = [];
        using var document = JsonDocument.Parse(json);
        foreach (var element in document.RootElement.EnumerateArray())
        {
            try
            {
                if (element.Deserialize<DashboardPart>(Options) is { } part)
                {
                    parts.Add(part);
                }
            }
            catch (JsonException)
            {
                // Of a newer version.
            }
        }

        return parts;
    }
}
