using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Files;

/// <summary>
/// Takes in a bundle from somebody else. Nothing in it is believed: names, sizes and checksums are looked at before a
/// byte is written, and its pictures go to folders of their own, for a folder named by a stage's key would be taken for
/// that stage's result.
/// </summary>
public sealed partial class BundleReader(RunImport runs, NamedFiles named, LabOptions options)
{
    /// <summary>Largest bundle, in bytes as it is sent.</summary>
    public const long LargestFile = 64L << 20;

    /// <summary>Most bytes a bundle may unpack to.</summary>
    public const long LargestContent = 256L << 20;

    private const int MostEntries = 4000;
    private const int LargestRun = 64 << 20;

    private readonly ImportedFiles _files = new(named, options);

    /// <summary>
    /// Reads a bundle and writes its run; returns the run's id here. The whole is looked at before the first write, and
    /// rows and files appear together or not at all.
    /// </summary>
    /// <param name="zip">The bundle; must be seekable.</param>
    /// <param name="owner">Who imports it; empty in a lab without accounts.</param>
    /// <exception cref="BundleException">It is no bundle, is damaged, or holds what a bundle may not hold.</exception>
    public async Task<string> Import(Stream zip, string owner, CancellationToken cancellation = default)
    {
        var content = Unpack(zip);
        CheckSums(content);
        var bundle = Parse(content);
        if (BundleCheck.Fault(bundle) is { } fault)
        {
            throw new BundleException($"The bundle's run cannot be taken in: {Shortened.Of(fault, 500)}");
        }

        var experiment = SpecOf(bundle);
        var (run, moved) = Relocate(bundle.Run, content);
        var source = $"imported from a bundle of run {bundle.Run.Run.Id}, made by version {bundle.Program}";
        return await _files.Place(
            moved,
            () =>
                runs.ImportAsync(
                    experiment,
                    run with
                    {
                        Remarks = [.. run.Remarks, source],
                    },
                    bundle.Log,
                    owner,
                    cancellation
                )
        );
    }

    private static Dictionary<string, byte[]> Unpack(Stream zip)
    {
        var content = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true);
            if (archive.Entries.Count > MostEntries)
            {
                throw new BundleException(
                    $"The bundle has {archive.Entries.Count} files; at most {MostEntries} are allowed."
                );
            }

            var left = LargestContent;
            foreach (var entry in archive.Entries.Where(entry => !entry.FullName.EndsWith('/')))
            {
                if (!Known().IsMatch(entry.FullName))
                {
                    throw new BundleException(
                        $"The bundle holds '{Shortened.Of(entry.FullName)}', which is no file of a run."
                    );
                }

                // The sizes that an archive states may be lies; what comes out is counted.
                using var stream = entry.Open();
                if (!content.TryAdd(entry.FullName, Read(stream, ref left)))
                {
                    throw new BundleException($"The bundle holds '{entry.FullName}' more than once.");
                }
            }
        }
        catch (Exception error)
            when (error
                    is InvalidDataException
                        or IOException
                        or NotSupportedException
                        or ArgumentException
                        or OverflowException
            )
        {
            // The library's readers of archive and compression say each in its own way what a damaged byte led them to.
            throw new BundleException("The file is not a zip archive, or it is damaged.", error);
        }

        return content;
    }

    private static byte[] Read(Stream stream, ref long left)
    {
        using var whole = new MemoryStream();
        var part = new byte[81920];
        for (int count; (count = stream.Read(part)) > 0; )
        {
            left -= count;
            if (left < 0)
            {
                throw new BundleException(
                    $"The bundle unpacks to more than {LargestContent >> 20} MB, which no run does."
                );
            }

            whole.Write(part, 0, count);
        }

        return whole.ToArray();
    }

    private static void CheckSums(Dictionary<string, byte[]> content)
    {
        if (!content.TryGetValue(RunBundle.ChecksumFile, out var bytes))
        {
            throw new BundleException($"The bundle has no {RunBundle.ChecksumFile}; it is not a run's bundle.");
        }

        var sums = Encoding
            .UTF8.GetString(bytes)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split("  ", 2))
            .Where(pair => pair.Length == 2)
            .ToLookup(pair => pair[1], pair => pair[0]);
        if (sums.Select(sum => sum.Key).FirstOrDefault(name => !content.ContainsKey(name)) is { } absent)
        {
            throw new BundleException(
                $"The bundle's file '{Shortened.Of(absent)}' is missing; it was lost on the way."
            );
        }

        foreach (var (name, file) in content.Where(file => file.Key != RunBundle.ChecksumFile))
        {
            if (sums[name].FirstOrDefault() != Convert.ToHexStringLower(SHA256.HashData(file)))
            {
                throw new BundleException(
                    $"The bundle's file '{name}' does not match its checksum; it was changed or damaged on the way."
                );
            }
        }
    }

    private static RunBundle Parse(Dictionary<string, byte[]> content)
    {
        if (!content.TryGetValue(RunBundle.RunFile, out var json))
        {
            throw new BundleException($"The bundle has no {RunBundle.RunFile}.");
        }

        if (json.Length > LargestRun)
        {
            throw new BundleException(
                $"The bundle's {RunBundle.RunFile} has more than {LargestRun >> 20} MB, which no run has."
            );
        }

        try
        {
            StrictJson.Check(json, ignoreCase: true);
            var bundle =
                JsonSerializer.Deserialize<RunBundle>(json, BundleJson.Read) ?? throw new JsonException("it is null.");
            return bundle.Schema == RunBundle.CurrentSchema
                ? bundle
                : throw new BundleException(
                    $"The bundle's form is version {bundle.Schema}; this program reads version {RunBundle.CurrentSchema}."
                );
        }
        catch (Exception error)
            when (error
                    is JsonException
                        or NotSupportedException
                        or InvalidOperationException
                        or FormatException
                        or ArgumentException
                        or OverflowException
            )
        {
            throw new BundleException(
                $"The bundle's {RunBundle.RunFile} cannot be read: {Shortened.Of(error.Message, 500)}",
                error
            );
        }
        catch (SpecException invalid)
        {
            throw new BundleException(
                $"The bundle's {RunBundle.RunFile} cannot be read: {Shortened.Of(invalid.Faults[0].ToString(), 500)}",
                invalid
            );
        }
    }

    private static NewRun SpecOf(RunBundle bundle)
    {
        try
        {
            return RunContent.From(SpecJson.Parse(bundle.Run.SpecJson), 1, bundle.Run.Run.EstimatedSeconds) with
            {
                SpecJson = bundle.Run.SpecJson,
                Name = PersonText.RunName.Take(bundle.Run.Run.Name),
            };
        }
        catch (SpecException invalid)
        {
            throw new BundleException(
                $"The bundle's spec is not one of this version: {Shortened.Of(string.Join(' ', invalid.Faults.Take(3)), 1_000)}",
                invalid
            );
        }
    }

    /// <summary>The run with its stages under names of this import, and the files to write.</summary>
    private static (RunDetail Run, IReadOnlyList<(string Stage, string File, byte[] Content)> Files) Relocate(
        RunDetail run,
        Dictionary<string, byte[]> content
    )
    {
        var place = Convert.ToHexStringLower(SHA256.HashData(content[RunBundle.ChecksumFile]));
        var moved = run with
        {
            Stages = [.. run.Stages.Select(stage => stage with { Key = Move(stage.Key) })],
            Artifacts = [.. run.Artifacts.Where(Has).Select(MoveFile)],
            Cells =
            [
                .. run.Cells.Select(cell => cell with { Artifacts = [.. cell.Artifacts.Where(Has).Select(MoveFile)] }),
            ],
        };
        return (
            moved,
            [.. RunBundle.Files(run).Where(Has).Select(file => (Move(file.Stage), file.File, content[Name(file)]))]
        );

        bool Has(ArtifactReference file) => content.ContainsKey(Name(file));

        ArtifactReference MoveFile(ArtifactReference file) => file with { Stage = Move(file.Stage) };

        string Move(string stage) =>
            ImportedFiles.Mark
            + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{place}/{stage}")))[..40];
    }

    private static string Name(ArtifactReference file) => $"{RunBundle.FileFolder}{file.Stage}/{file.File}";

    // Only what a bundle is written with; no dots at the start of a part, so no way out of a folder.
    [GeneratedRegex(
        @"^(run\.json|spec\.json|log\.txt|checksums\.sha256|files/[A-Za-z0-9]{3,128}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}\.(png|json))$"
    )]
    private static partial Regex Known();
}
