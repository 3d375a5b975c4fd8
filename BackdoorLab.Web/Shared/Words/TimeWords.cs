using System.Globalization;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>Durations and instants for people.</summary>
public static class TimeWords
{
    /// <summary>"42 s", "3 min 20 s", "2 h 5 min".</summary>
    public static string Duration(double seconds) =>
        seconds switch
        {
            < 0 => "0 s",
            < 1 => "<1 s",
            < 9.95 => seconds.ToString("0.#", CultureInfo.InvariantCulture) + " s",
            < 59.5 => $"{Math.Round(seconds)} s",
            < 600 when Math.Round(seconds) % 60 != 0 =>
                $"{(int)Math.Round(seconds) / 60} min {(int)Math.Round(seconds) % 60} s",
            < 3570 => $"{Math.Round(seconds / 60)} min",
            < 86400 => $"{(int)Math.Round(seconds / 60) / 60} h {(int)Math.Round(seconds / 60) % 60} min",
            _ => $"{(int)(seconds / 86400)} d {(int)(seconds % 86400 / 3600)} h",
        };

    /// <summary>An estimate as a rough figure: nobody knows the seconds of an hour.</summary>
    public static string Estimate(double seconds) =>
        seconds switch
        {
            < 8 => "a few seconds",
            < 55 => $"about {Math.Ceiling(seconds / 5) * 5:0} s",
            < 600 => $"about {Math.Round(seconds / 30) / 2:0.#} min".Replace(',', '.'),
            < 5400 => $"about {Math.Round(seconds / 60):0} min",
            _ => "about " + (Math.Round(seconds / 1800) / 2).ToString("0.#", CultureInfo.InvariantCulture) + " h",
        };

    /// <summary>"just now", "5 min ago", "yesterday 14:03", "2026-03-01".</summary>
    public static string Ago(DateTime then, DateTime now) =>
        (now - then).TotalSeconds switch
        {
            < 45 => "just now",
            < 3570 and var seconds => $"{Math.Max(1, Math.Round(seconds / 60))} min ago",
            < 86400 and var seconds => $"{Math.Round(seconds / 3600)} h ago",
            < 7 * 86400 and var seconds => $"{Math.Round(seconds / 86400)} d ago",
            _ => then.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        };

    /// <summary>An instant in full, for titles.</summary>
    public static string Full(DateTime then) =>
        then.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";
}
