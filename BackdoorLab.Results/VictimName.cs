namespace BackdoorLab.Results;

/// <summary>Models as files and databases hold them: <c>Backdoored</c>.</summary>
public sealed class VictimName() : WordConverter<Victim>(victim => victim.ToString())
{
    /// <summary>The name; empty where there is no model.</summary>
    public static string Of(Victim? victim) => victim?.ToString() ?? "";

    /// <summary>The model of a name; null where there is none.</summary>
    public static Victim? Read(string? name) => EnumWord.Find<Victim>(name, victim => victim.ToString());
}
