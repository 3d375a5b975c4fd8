using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>Specs of experiments, read as form, API and command line read them.</summary>
internal sealed class SpecKind : IFuzzFileKind
{
    private static readonly JsonNode[] Good = [.. Presets.All.Select(preset => JsonNode.Parse(SpecJson.Write(preset.Spec))!)];

    public Outcome Try(Random random, string folder)
    {
        var bytes = Damage.Json(random, Good[random.Next(Good.Length)]);
        var path = Path.Combine(folder, "spec.json");
        File.WriteAllBytes(path, bytes);
        return Read(path);
    }

    public Outcome Read(string path)
    {
        try
        {
            SpecJson.Parse(StrictJson.ReadFile(path));
            return Outcome.Taken;
        }
        catch (SpecException)
        {
            return Outcome.Declined;
        }
    }
}

/// <summary>Studies, with the plan that is made of each.</summary>
internal sealed class StudyKind : IFuzzFileKind
{
    private static readonly JsonNode[] Good = [.. StudyTemplates.All.Select(template => JsonNode.Parse(StudySpec.Write(template.Spec))!)];

    public Outcome Try(Random random, string folder)
    {
        var bytes = Damage.Json(random, Good[random.Next(Good.Length)]);
        var path = Path.Combine(folder, "study.json");
        File.WriteAllBytes(path, bytes);
        return Read(path);
    }

    public Outcome Read(string path)
    {
        try
        {
            StudySpec.Parse(StrictJson.ReadFile(path));
            return Outcome.Taken;
        }
        catch (SpecException)
        {
            return Outcome.Declined;
        }
    }
}
