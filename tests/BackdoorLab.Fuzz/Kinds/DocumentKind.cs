using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>Documents, read as form, API and command line read them.</summary>
/// <param name="file">What an input is called.</param>
/// <param name="good">Good ones.</param>
/// <param name="read">The program's own reading of a text.</param>
internal sealed class DocumentKind(string file, IEnumerable<string> good, Action<string> read) : IFuzzFileKind
{
    private readonly JsonNode[] _good = [.. good.Select(text => JsonNode.Parse(text)!)];

    /// <summary>Specs of experiments.</summary>
    internal static DocumentKind Specs =>
        new("spec.json", Presets.All.Select(preset => SpecJson.Write(preset.Spec)), text => SpecJson.Parse(text));

    /// <summary>Studies, with the plan that is made of each.</summary>
    internal static DocumentKind Studies =>
        new(
            "study.json",
            StudyTemplates.All.Select(template => StudySpec.Write(template.Spec)),
            text => StudySpec.Parse(text)
        );

    public Outcome Try(Random random, string folder)
    {
        var path = Path.Combine(folder, file);
        File.WriteAllBytes(path, Damage.Json(random, _good[random.Next(_good.Length)]));
        return Read(path);
    }

    public Outcome Read(string path)
    {
        try
        {
            read(StrictJson.ReadFile(path));
            return Outcome.Taken;
        }
        catch (SpecException)
        {
            return Outcome.Declined;
        }
    }
}
