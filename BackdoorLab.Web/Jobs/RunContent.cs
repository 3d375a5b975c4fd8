using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>What the database keeps of a spec.</summary>
public static class RunContent
{
    /// <summary>The row of a new run.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="maxAttempts">How often it may be started.</param>
    /// <param name="estimatedSeconds">Estimate, or null.</param>
    public static NewRun From(ExperimentSpec spec, int maxAttempts, double? estimatedSeconds = null) =>
        new()
        {
            Name = spec.Name,
            SpecJson = SpecJson.Write(spec),
            ConfigHash = ConfigHash(spec),
            Seed = spec.Seed,
            Dataset = Id(spec.Dataset),
            Model = Id(spec.Model),
            Attack = Id(spec.Attack),
            PoisonRate = spec.Attack.PoisonRate,
            TargetLabel =
                spec.Suspect is null && spec.Attack.Mapping == LabelMapping.AllToOne ? spec.Attack.TargetLabel : null,
            EstimatedSeconds = estimatedSeconds,
            MaxAttempts = maxAttempts,
        };

    /// <summary>Same for all runs that differ in name and seed alone.</summary>
    public static string ConfigHash(ExperimentSpec spec)
    {
        var text = JsonSerializer.Serialize(spec with { Name = "", Seed = 0 }, SpecJson.Options);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }

    private static string Id(Method method) => MethodCatalog.Default.For(method).Id;
}
