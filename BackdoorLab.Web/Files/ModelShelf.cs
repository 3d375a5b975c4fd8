using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Files;

/// <summary>A model file that somebody has sent in.</summary>
/// <param name="Name">What it was called there.</param>
/// <param name="Sha256">Its content.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Format">What it is, in words.</param>
/// <param name="Tensors">Tensors in it.</param>
/// <param name="Numbers">Weights and statistics in it.</param>
public sealed record ShelvedModel(string Name, string Sha256, long Bytes, string Format, int Tensors, long Numbers)
{
    /// <summary>As specs name it.</summary>
    [JsonIgnore]
    public CheckedModel Suspect => new() { File = Name, Sha256 = Sha256 };

    /// <summary>The same as what a training starts from.</summary>
    [JsonIgnore]
    public StartingWeights Start => new() { File = Name, Sha256 = Sha256 };

    /// <summary>What is in it; null where a browser tells of it.</summary>
    [JsonIgnore]
    public WeightListing? Listing { get; init; }
}

/// <summary>What of a model file is checked.</summary>
/// <param name="Entry">Which of its state dicts; empty for the first that fits.</param>
/// <param name="Program">Whether its program is asked before its weights are compared; it is asked anyway where they
/// fit nothing.</param>
public sealed record ModelPart(string Entry = "", bool Program = false);

/// <summary>
/// Model files of people, in one folder, each under the hash of its content. This process never opens them: another one
/// reads them by rules that run nothing (<see cref="WeightFile"/>), and what cannot be read does not stay.
/// </summary>
public sealed class ModelShelf(
    LabOptions options,
    NamedFiles named,
    IModelInspector inspector,
    IProgramLauncher programs,
    TimeProvider time
)
{
    private const int MostListings = 16;
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);
    private readonly ConcurrentDictionary<string, WeightListing> _listings = new();

    /// <summary>Largest file, in bytes.</summary>
    public long MostBytes => (long)options.MaxModelMegabytes << 20;

    /// <summary>Takes a file in.</summary>
    /// <param name="name">What it is called; becomes a name by <see cref="CheckedModel.NameOf"/>.</param>
    /// <param name="content">Its bytes; read to the end, and no further than is allowed.</param>
    /// <exception cref="WeightFileException">It is too large, or no weights that can be read.</exception>
    public async Task<ShelvedModel> Add(string name, Stream content, CancellationToken cancellation = default)
    {
        var bare = CheckedModel.NameOf(name);
        Directory.CreateDirectory(options.ModelFolder);
        Sweep(await named.ModelsAsync(cancellation));
        var part = Path.Combine(options.ModelFolder, $"{Guid.NewGuid():N}.tmp");
        try
        {
            var (hash, bytes) = await Receive(content, part, cancellation);
            var model = await Read(part, bare, hash, bytes, cancellation);
            File.Move(part, PathOf(model.Suspect), overwrite: true);
            return model;
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>A file that is here already, or null.</summary>
    public async Task<ShelvedModel?> Find(ModelFile suspect, CancellationToken cancellation = default)
    {
        // A hash and nothing else: whoever asks may be a browser.
        if (!suspect.HasHash)
        {
            return null;
        }

        var path = PathOf(suspect);
        try
        {
            return File.Exists(path)
                ? await Read(
                    path,
                    CheckedModel.NameOf(suspect.File),
                    suspect.Sha256,
                    new FileInfo(path).Length,
                    cancellation
                )
                : null;
        }
        catch (WeightFileException)
        {
            return null;
        }
    }

    /// <summary>What the file holds by each of these data sets, those that fit first.</summary>
    /// <param name="model">The file, as the shelf gave it.</param>
    /// <param name="datasets">Data sets that are here.</param>
    /// <param name="part">What of it; the usual unless given.</param>
    /// <exception cref="DatasetException">One has too few images, or its files are not there.</exception>
    /// <exception cref="WeightFileException">The file has no such entry, or its program cannot be run.</exception>
    public IReadOnlyList<CheckCandidate> Candidates(
        ShelvedModel model,
        IEnumerable<DatasetSource> datasets,
        ModelPart? part = null
    )
    {
        part ??= new();
        TorchRuntime.Initialize(1);
        using var file = model.Listing!.Unread();
        using var probe = file.HasProgram ? new ProgramProbe(programs, PathOf(model.Suspect)) : null;
        return
        [
            .. datasets
                .Select(dataset =>
                    (
                        Asked: dataset,
                        Candidate: CheckCandidate.Try(file, dataset, options.Data, part.Entry, probe, part.Program)
                    )
                )
                .OrderByDescending(pair => pair.Candidate.Fit.Fits)
                // A set as it is before one whose classes were cut to fit; photographs before drawings.
                .ThenBy(pair => pair.Candidate.Dataset.Shape.Classes != pair.Asked.Shape.Classes)
                .ThenBy(pair => pair.Asked is SyntheticSigns)
                .Select(pair => pair.Candidate),
        ];
    }

    /// <summary>How the file goes with the network of a spec that is to start from it.</summary>
    /// <param name="model">The file, as the shelf gave it.</param>
    /// <param name="spec">Network and data set.</param>
    /// <param name="entry">Which of its state dicts; empty for the first that fits.</param>
    /// <exception cref="WeightFileException">The file has no such entry.</exception>
    public static ArchitectureFit FitOf(ShelvedModel model, ExperimentSpec spec, string entry)
    {
        TorchRuntime.Initialize(1);
        using var file = model.Listing!.Unread();
        return Architectures.Fit(
            file,
            spec.Model,
            spec.Dataset.Shape,
            MethodCatalog.Default.For(spec.Dataset).Name,
            entry
        );
    }

    /// <summary>What is to be known of a data set's files: the order of classes, what is left out.</summary>
    /// <exception cref="DatasetException">They are not there or damaged.</exception>
    public IReadOnlyList<string> RemarksOf(DatasetSource dataset) => dataset.RemarksIn(options.Data);

    private string PathOf(ModelFile suspect) => Path.Combine(options.ModelFolder, suspect.StoredName);

    private async Task<ShelvedModel> Read(
        string path,
        string name,
        string hash,
        long bytes,
        CancellationToken cancellation
    )
    {
        if (!_listings.TryGetValue(hash, out var listing))
        {
            listing = await inspector.Read(path, cancellation);
            if (_listings.Count >= MostListings)
            {
                _listings.Clear();
            }

            _listings[hash] = listing;
        }

        using var file = listing.Unread();
        return new(name, hash, bytes, file.Format, file.Tensors.Count, file.Numbers) { Listing = listing };
    }

    // Hashed while it comes in: it is read once.
    private async Task<(string Hash, long Bytes)> Receive(Stream content, string path, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 17];
        var bytes = 0L;
        await using var file = File.Create(path);
        for (int count; (count = await content.ReadAsync(buffer, cancellation)) > 0; )
        {
            bytes += count;
            if (bytes > MostBytes)
            {
                throw new WeightFileException(
                    $"The file has more than {Numbers.Bytes(MostBytes)}, the most that this lab takes. Whoever runs the lab can allow more (maxModelMegabytes); half precision halves a file."
                );
            }

            hash.AppendData(buffer, 0, count);
            await file.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }

        return (Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
    }

    /// <summary>Sizes of these files together, in bytes.</summary>
    /// <param name="models">SHA-256 of each; what is not here counts nothing.</param>
    public long Size(IReadOnlyCollection<string> models) =>
        Files().Where(file => models.Contains(ContentOf(file))).Sum(file => file.Length);

    /// <summary>Removes files. A check that needs one again asks for it again.</summary>
    /// <param name="models">SHA-256 of each.</param>
    public void Remove(IReadOnlyCollection<string> models)
    {
        foreach (var file in Files().Where(file => models.Contains(ContentOf(file))).ToList())
        {
            file.Delete();
        }
    }

    private static string ContentOf(FileInfo file) => Path.GetFileNameWithoutExtension(file.Name);

    private IEnumerable<FileInfo> Files() =>
        new DirectoryInfo(options.ModelFolder) is { Exists: true } folder ? folder.EnumerateFiles() : [];

    // A dashboard that was killed leaves what it was receiving, and not everybody who sends a model checks it.
    private void Sweep(IReadOnlySet<string> named)
    {
        foreach (
            var file in Files()
                .Where(file => time.GetUtcNow() - file.LastWriteTimeUtc > Abandoned && !named.Contains(ContentOf(file)))
                .ToList()
        )
        {
            file.Delete();
        }
    }
}
