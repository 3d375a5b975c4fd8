using System.ComponentModel;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Api;

/// <summary>How far a study is.</summary>
public sealed record ApiStudy
{
    [Description("Twelve characters.")]
    public required string Id { get; init; }

    public required string Name { get; init; }

    [Description("UTC.")]
    public required DateTime Created { get; init; }

    [Description("Runs by state; states that do not occur are absent.")]
    public required IReadOnlyDictionary<string, int> Runs { get; init; }

    [Description("Share of its work done, 0 to 1, every run counting the same.")]
    public required double Fraction { get; init; }

    [Description("Its page.")]
    public required string Page { get; init; }

    /// <summary>The study of a row.</summary>
    public static ApiStudy From(StudyItem study) =>
        new()
        {
            Id = study.Id,
            Name = study.Name,
            Created = study.Created,
            Runs = study.Runs.ToDictionary(
                pair => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(pair.Key.ToString()),
                pair => pair.Value
            ),
            Fraction = study.Fraction,
            Page = LabUrls.Study(study.Id),
        };
}

/// <summary>A study that was submitted.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Page">Its page.</param>
/// <param name="Runs">How many runs were queued.</param>
public sealed record ApiSubmittedStudy(string Id, string Page, int Runs);
