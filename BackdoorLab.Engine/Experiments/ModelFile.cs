using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// A file with weights that a spec names by its content; where such files lie is told to the runner (<see
/// cref="RunnerOptions.ModelFolder"/>).
/// </summary>
public abstract record ModelFile : Method
{
    private const int HashDigits = 64;
    private const int ShownDigits = 12;
    private const int MostLetters = 160;
    private const int MostOfEnding = 16;

    /// <summary>Name of the file, for people; what is in it says what it is.</summary>
    [Description("Name of the model file, without a folder.")]
    public string File { get; init; } = "";

    /// <summary>Content of the file.</summary>
    [Display(Name = "SHA-256")]
    [Description("SHA-256 of the model file, 64 hexadecimal digits.")]
    public string Sha256 { get; init; } = "";

    /// <summary>Which state dict of a file that has several.</summary>
    [OmittedAtDefault]
    [Description(
        "Which state dict of a file that has several, by its keys with points between them ('model', 'ema.module'). Empty: the first that fits."
    )]
    public string Entry { get; init; } = "";

    /// <summary>Whether <see cref="Sha256"/> is one, in small letters.</summary>
    [JsonIgnore]
    public bool HasHash => Sha256.Length == HashDigits && Sha256.All(char.IsAsciiHexDigitLower);

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

    /// <summary>The file in such a folder; it is the one that the spec names.</summary>
    /// <exception cref="WeightFileException">It is not there, or has another content.</exception>
    internal string Locate(string folder)
    {
        var path =
            Find(folder)
            ?? throw new WeightFileException(
                $"The model file '{File}' (SHA-256 {Short(Sha256)}) is not here. {WhereToChoose}, or put it beside the spec."
            );
        var found = HashOf(path);
        return found == Sha256
            ? path
            : throw new WeightFileException(
                $"The model file '{File}' has changed: its SHA-256 is {Short(found)}, not {Short(Sha256)}. {WhatOfAnother}."
            );
    }

    /// <summary>The beginning of a hash, for people.</summary>
    private protected static string Short(string hash) => $"{hash[..ShownDigits]}...";

    /// <summary>How a file that is missing is chosen again.</summary>
    private protected abstract string WhereToChoose { get; }

    /// <summary>What to do with a file of the same name and another content.</summary>
    private protected abstract string WhatOfAnother { get; }

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

        if (!HasHash)
        {
            yield return new(
                "sha256",
                $"must have {HashDigits} hexadecimal digits in small letters; found '{Shortened.Text(Sha256)}'."
            );
        }
    }
}
