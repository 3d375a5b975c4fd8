using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Experiments;

/// <summary>What a network that comes from a file expects of its pixels.</summary>
public enum PixelScale
{
    /// <summary>What the file says, else whichever of the others gives the best accuracy on clean images.</summary>
    Automatic,

    /// <summary>The data set's mean and standard deviation, channel by channel.</summary>
    Dataset,

    /// <summary>Pixels in [0,1] as they are.</summary>
    Unit,

    /// <summary>Mean and standard deviation of one half: pixels in [-1,1].</summary>
    Half,
}

/// <summary>
/// A model to be checked: its weights come from a file instead of training, and nothing is known of an attack. The file
/// is named by its content; where such files lie is told to the runner (<see cref="RunnerOptions.ModelFolder"/>).
/// </summary>
public sealed record CheckedModel : Method
{
    /// <summary>
    /// Clean accuracy below which data set or pixel scale are probably not those of the training, so that a verdict
    /// means little.
    /// </summary>
    public const double LowAccuracy = 0.5;

    private const int HashDigits = 64;
    private const int MostLetters = 160;
    private const int MostOfEnding = 16;

    /// <summary>Name of the file, for people; what is in it says what it is.</summary>
    [Description("Name of the model file, without a folder.")]
    public string File { get; init; } = "";

    /// <summary>Content of the file.</summary>
    [Display(Name = "SHA-256")]
    [Description("SHA-256 of the model file, 64 hexadecimal digits.")]
    public string Sha256 { get; init; } = "";

    /// <summary>Preprocessing that it was trained with.</summary>
    [Display(Name = "Pixel scale")]
    [Description(
        "How pixels are scaled before the first layer. Automatic takes what the file says, else what gives the best accuracy on clean images."
    )]
    public PixelScale Pixels { get; init; }

    /// <summary>Which state dict of a file that has several.</summary>
    [OmittedAtDefault]
    [Description(
        "Which state dict of a file that has several, by its keys with points between them ('model', 'ema.module'). Empty: the first that fits."
    )]
    public string Entry { get; init; } = "";

    /// <summary>What it is called in a folder that keeps files by their content.</summary>
    [JsonIgnore]
    public string StoredName =>
        Sha256
        + (
            Path.GetExtension(File) is { Length: <= MostOfEnding } ending
            && ending.Skip(1).All(char.IsAsciiLetterOrDigit)
                ? ending.ToLowerInvariant()
                : ""
        );

    /// <summary>
    /// The name that a file with any name has in specs and on pages: without folders and without what cannot be seen,
    /// its middle cut where it is too long. The one place where names of files become names.
    /// </summary>
    public static string NameOf(string path)
    {
        var bare = Shortened.Plain(path[(path.LastIndexOfAny(['/', '\\', ':']) + 1)..]).Trim();
        return bare.Length == 0 ? "model"
            : bare.Length <= MostLetters ? bare
            : $"{bare[..(MostLetters / 2)]}…{bare[^(MostLetters / 4)..]}";
    }

    /// <summary>
    /// What stands in place of any verdict on a model that is right on so few clean images; null where it is right on
    /// enough.
    /// </summary>
    /// <param name="accuracy">Its clean accuracy, 0..1.</param>
    public static Verdict? Doubt(double accuracy) =>
        accuracy >= LowAccuracy
            ? null
            : Verdict.NotDecidable(
                UndecidedReason.LowAccuracy,
                ("clean-accuracy", accuracy),
                ("least-clean-accuracy", LowAccuracy)
            );

    /// <summary>
    /// What a check as a whole says: flagged when any detector flags the model, not flagged when one could have and
    /// none did, else not decidable for the reason of the first. Detectors that did not run have no verdict.
    /// </summary>
    /// <param name="verdicts">Of the detectors that ran.</param>
    /// <param name="accuracy">Clean accuracy of the model, 0..1; null while it is not known.</param>
    public static Verdict Answer(IReadOnlyList<Verdict> verdicts, double? accuracy) =>
        verdicts.FirstOrDefault(verdict => verdict.Decision == Decision.Flagged)
        ?? verdicts.FirstOrDefault(verdict => verdict.Decision == Decision.NotFlagged)
        ?? verdicts.FirstOrDefault()
        ?? (accuracy is { } measured ? Doubt(measured) : null)
        ?? Verdict.NotDecidable(UndecidedReason.NoDetector);

    /// <summary>What <see cref="Sha256"/> says of a file.</summary>
    public static string HashOf(string path)
    {
        using var content = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    /// <summary>
    /// The file in a folder that keeps it by content or by name, or where the folder is a file that one; null when it
    /// is not there.
    /// </summary>
    public string? Find(string folder) =>
        System.IO.File.Exists(folder)
            ? folder
            : new[] { StoredName, File }
                .Select(name => Path.Combine(folder, name))
                .FirstOrDefault(System.IO.File.Exists);

    /// <summary>What is wrong with it, with paths from here; empty when nothing is.</summary>
    internal IEnumerable<SpecFault> Faults()
    {
        if (File.Length == 0 || File != NameOf(File))
        {
            yield return new(
                "file",
                $"must be a file name without a folder, of at most {MostLetters} letters that can be seen; found '{Shortened.Text(File)}'."
            );
        }

        if (Entry.Length > MostLetters)
        {
            yield return new("entry", $"must have at most {MostLetters} letters; it has {Entry.Length}.");
        }

        if (Sha256.Length != HashDigits || !Sha256.All(char.IsAsciiHexDigitLower))
        {
            yield return new(
                "sha256",
                $"must have {HashDigits} hexadecimal digits in small letters; found '{Shortened.Text(Sha256)}'."
            );
        }
    }
}
