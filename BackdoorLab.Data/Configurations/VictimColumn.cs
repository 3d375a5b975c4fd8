using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace BackdoorLab.Data.Configurations;

/// <summary>Models as rows hold them.</summary>
internal sealed class VictimColumn()
    : ValueConverter<Victim, string>(victim => VictimName.Of(victim), name => Read(name))
{
    private static Victim Read(string name) =>
        VictimName.Read(name)
        ?? throw new InvalidOperationException(
            $"The database names a model '{name}', which this version does not know."
        );
}
