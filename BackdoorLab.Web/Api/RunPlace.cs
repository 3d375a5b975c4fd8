using System.Globalization;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Api;

/// <summary>A place in the list of runs as a short text: time and id of the last run that was read.</summary>
internal static class RunPlace
{
    public static string After(RunItem run) =>
        $"{run.Created.Ticks.ToString("x", CultureInfo.InvariantCulture)}-{run.Id}";

    public static bool TryRead(string text, out (DateTime Created, string Id) place)
    {
        place = default;
        if (
            text.Split('-', 2) is not [var time, var id]
            || !RunIds.IsWellFormed(id)
            || !long.TryParse(time, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ticks)
            || ticks < 0
            || ticks > DateTime.MaxValue.Ticks
        )
        {
            return false;
        }

        place = (new DateTime(ticks, DateTimeKind.Utc), id);
        return true;
    }
}
