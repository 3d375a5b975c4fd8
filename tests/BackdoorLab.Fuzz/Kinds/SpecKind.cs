using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>Specs of experiments, read as form, API and command line read them.</summary>
internal sealed class SpecKind : IFuzzKind
{
    private static readonly JsonNode[] Good = [.. Presets.All.Select(preset => JsonNode.Parse(SpecJson.Write(preset.Spec))!)];

    public Outcome Try(Random random, string folder)
    {
        var bytes = Damage.Json(random, Good[random.Next(Good.Length)]);
        File.WriteAllBytes(Path.Combine(folder, "spec.json"), bytes);
        try
        {
            SpecJson.Parse(Encoding.UTF8.GetString(bytes));
            return Outcome.Taken;
        }
        catch (SpecException)
        {
            return Outcome.Declined;
        }
    }
}

/// <summary>Studies, with the plan that is made of each.</summary>
internal sealed class StudyKind : IFuzzKind
{
    private static readonly JsonNode[] Good = [.. StudyTemplates.All.Select(template => JsonNode.Parse(StudySpec.Write(template.Spec))!)];

    public Outcome Try(Random random, string folder)
    {
        var bytes = Damage.Json(random, Good[random.Next(Good.Length)]);
        File.WriteAllBytes(Path.Combine(folder, "study.json"), bytes);
        try
        {
            StudySpec.Parse(Encoding.UTF8.GetString(bytes));
            return Outcome.Taken;
        }
        catch (SpecException)
        {
            return Outcome.Declined;
        }
    }
}
