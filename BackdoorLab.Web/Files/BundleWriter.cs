using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Export;

namespace BackdoorLab.Web.Files;

/// <summary>
/// Writes a run as one zip: spec, environment, numbers, curves, pictures, log, checksums. Weights stay behind; the spec
/// makes them again.
/// </summary>
public sealed class BundleWriter(RunDetailQuery results, LabOptions options, TimeProvider time)
{
    private const int MostLogLines = 100_000;

    /// <summary>
    /// Writes the bundle of a run that has ended; false when there is no such run, or it has not ended.
    /// </summary>
    public async Task<bool> Write(string runId, Stream target, CancellationToken cancellation)
    {
        if (await results.FindAsync(runId, cancellation) is not { Run: { Ended: not null, Deleted: false } } run)
        {
            return false;
        }

        var bundle = new RunBundle
        {
            Program = ProgramVersion.Text,
            Exported = time.GetUtcNow().UtcDateTime,
            Run = run,
            Spec = JsonNode.Parse(run.SpecJson)!,
            Log = await results.LogAfterAsync(runId, 0, MostLogLines, cancellation),
        };
        var checksums = new StringBuilder();
        using var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true);
        await Add(RunBundle.RunFile, JsonSerializer.SerializeToUtf8Bytes(bundle, BundleJson.Options));
        await Add("spec.json", Encoding.UTF8.GetBytes(run.SpecJson));
        await Add(
            "log.txt",
            Encoding.UTF8.GetBytes(
                string.Concat(bundle.Log.Select(line => $"{Csv.Time(line.At)} {line.Level} {line.Text}\n"))
            )
        );
        var store = new ArtifactStore(options.ArtifactFolder);
        foreach (var file in RunBundle.Files(run).Where(file => ShownFiles.ContentType(file.File) is not null))
        {
            var path = store.PathOf(file.Stage, file.File);
            if (File.Exists(path))
            {
                await Add(
                    $"{RunBundle.FileFolder}{file.Stage}/{file.File}",
                    await File.ReadAllBytesAsync(path, cancellation)
                );
            }
        }

        await Put(RunBundle.ChecksumFile, Encoding.UTF8.GetBytes(checksums.ToString()));
        return true;

        Task Add(string name, byte[] content)
        {
            checksums.Append(Convert.ToHexStringLower(SHA256.HashData(content))).Append("  ").Append(name).Append('\n');
            return Put(name, content);
        }

        async Task Put(string name, byte[] content)
        {
            await using var entry = zip.CreateEntry(name).Open();
            await entry.WriteAsync(content, cancellation);
        }
    }
}

/// <summary>How a bundle's JSON is written and read.</summary>
internal static class BundleJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { BundleCell.Rename } },
        Converters = { new BundleCell(), new JsonStringEnumConverter() },
    };

    /// <summary>Of strangers: enums by name alone, and null only where it means something.</summary>
    public static readonly JsonSerializerOptions Read = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.Strict,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { BundleCell.Rename } },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new BundleCell(), new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
    };
}

/// <summary>The version of this program.</summary>
public static class ProgramVersion
{
    /// <summary>Such as <c>0.1.0</c>.</summary>
    public static string Text { get; } = typeof(ProgramVersion).Assembly.GetName().Version?.ToString(3) ?? "0";
}
