using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments;

/// <summary>What a network that comes from a file expects of its pixels.</summary>
public enum PixelScale
{
    /// <summary>What the file says, else whichever of the others gives the best accuracy on clean images.</summary>
    Automatic,

    /// <summary>The data set's mean and deviation, channel by channel.</summary>
    Dataset,

    /// <summary>Pixels in [0,1] as they are.</summary>
    Unit,

    /// <summary>Mean and deviation of one half: pixels in [-1,1].</summary>
    Half,
}

/// <summary>
/// A model to be checked: its weights come from a file instead of training, and nothing is known of an attack. The file is named by its
/// content; where such files lie is told to the runner (<see cref="RunnerOptions.ModelFolder"/>).
/// </summary>
public sealed record SuspectModel : Method
{
    /// <summary>Clean accuracy below which data set or pixel scale are probably not those of the training, so that a verdict means little.</summary>
    public const double LowAccuracy = 0.5;

    private const int HashDigits = 64;

    /// <summary>Name of the file, for people and for its ending.</summary>
    [Description("Name of the model file, without a folder.")]
    public string File { get; init; } = "";

    /// <summary>Content of the file.</summary>
    [Display(Name = "SHA-256")]
    [Description("SHA-256 of the model file, 64 hexadecimal digits.")]
    public string Sha256 { get; init; } = "";

    /// <summary>Preprocessing that it was trained with.</summary>
    [Display(Name = "Pixel scale")]
    [Description("How pixels are scaled before the first layer. Automatic takes what the file says, else what gives the best accuracy on clean images.")]
    public PixelScale Pixels { get; init; }

    /// <summary>What <see cref="Sha256"/> says of a file.</summary>
    public static string HashOf(string path)
    {
        using var content = System.IO.File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    /// <summary>The file in a folder that keeps it by content or by name; null when neither is there.</summary>
    public string? Find(string folder) => new[] { Sha256 + Path.GetExtension(File).ToLowerInvariant(), File }
        .Select(name => Path.Combine(folder, name))
        .FirstOrDefault(System.IO.File.Exists);

    /// <summary>What a check demands of the rest of its spec, and the attack that only a check has.</summary>
    internal static IEnumerable<SpecFault> Faults(ExperimentSpec spec)
    {
        if (spec.Suspect is not { } suspect)
        {
            if (spec.Attack is UnknownAttack)
            {
                yield return new("attack.id", "'unknown' stands for a model from a file and needs 'suspect'; choose an attack.");
            }

            yield break;
        }

        if (suspect.File.Length is 0 or > 255 || suspect.File.AsSpan().IndexOfAny('/', '\\', ':') >= 0 || !WeightFile.Extensions.Contains(Path.GetExtension(suspect.File).ToLowerInvariant()))
        {
            yield return new("suspect.file", $"must be a file name without a folder that ends in {string.Join(", ", WeightFile.Extensions)}; found '{suspect.File}'.");
        }

        if (suspect.Sha256.Length != HashDigits || !suspect.Sha256.All(char.IsAsciiHexDigitLower))
        {
            yield return new("suspect.sha256", $"must have {HashDigits} hexadecimal digits in small letters; found '{suspect.Sha256}'.");
        }

        if (spec.Attack is not UnknownAttack || spec.Attack.PoisonRate > 0)
        {
            yield return new("attack", "must be 'unknown' with poison rate 0 where the model comes from a file: nothing is known of how it was trained.");
        }

        if (spec.BenignTwin)
        {
            yield return new("benignTwin", "must be false where the model comes from a file: there is no training that could be repeated without poison.");
        }

        if (spec.Federation is not null)
        {
            yield return new("federation", "must be absent where the model comes from a file: nothing is trained.");
        }

        for (var i = 0; i < spec.Defenses.Count; i++)
        {
            if (spec.Defenses[i] is not ModelDetector)
            {
                yield return new($"defenses[{i}]", "must be a model detector where the model comes from a file: without its training data and its trigger nothing else can be measured.");
            }
        }
    }
}
