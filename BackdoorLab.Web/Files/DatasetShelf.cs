using System.Collections.Concurrent;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Web.Files;

/// <summary>
/// What the data root holds. Checks run in the background, one at a time (a form never waits for them to show a
/// sample), and are kept until somebody asks again.
/// </summary>
public sealed class DatasetShelf(LabOptions options, ILogger<DatasetShelf> logger) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<DatasetStatus>>> _statuses = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<ImageSet>>> _samples = new();
    private readonly SemaphoreSlim _inspecting = new(1);
    private readonly SemaphoreSlim _loading = new(1);

    /// <summary>Folder of the data sets.</summary>
    public string Root => options.Data;

    /// <summary>Folders right below <see cref="Root"/>, by name; none where that is not there.</summary>
    public IReadOnlyList<string> Folders() =>
        Directory.Exists(Root)
            ? [.. Directory.GetDirectories(Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>All data sets, in catalog order.</summary>
    public static IEnumerable<MethodDescriptor> All => MethodCatalog.Default.Of<DatasetSource>();

    /// <summary>Whether a data set can be used.</summary>
    public Task<DatasetStatus> Status(MethodDescriptor dataset) =>
        _statuses
            .GetOrAdd(dataset.Id, _ => new(() => Task.Run(() => Inspect((DatasetSource)dataset.CreateDefault()))))
            .Value;

    /// <summary>
    /// The data sets that can be used as they are, in catalog order; not those of which only their files tell the size.
    /// </summary>
    public async Task<IReadOnlyList<DatasetSource>> Usable()
    {
        var here = new List<DatasetSource>();
        foreach (var dataset in All)
        {
            var source = (DatasetSource)dataset.CreateDefault();
            if (
                source.Shape.Classes > 0
                && (await Status(dataset)).State is not (DatasetState.Missing or DatasetState.Damaged)
            )
            {
                here.Add(source);
            }
        }

        return here;
    }

    /// <summary>The status when it is known already, else null.</summary>
    public DatasetStatus? Known(string id) =>
#pragma warning disable RS0030 // It has ended.
        _statuses.TryGetValue(id, out var status) && status.Value.IsCompletedSuccessfully ? status.Value.Result : null;
#pragma warning restore RS0030

    /// <summary>Forgets what was found, so that the next question looks at the files again.</summary>
    public void Forget()
    {
        _statuses.Clear();
        _samples.Clear();
    }

    /// <summary>A few test images of every class.</summary>
    /// <exception cref="DatasetException">The set cannot be read; the message is for people.</exception>
    public async Task<ImageSet> Samples(DatasetSource dataset)
    {
        // A generated set is made before it is limited: fewer are made instead, since a form waits for them.
        var few = dataset is SyntheticSigns signs
            ? signs with
            {
                TrainCount = 100,
                TestCount = 100,
                TrainLimit = 0,
                TestLimit = 0,
            }
            : dataset with
            {
                TrainLimit = Few(dataset),
                TestLimit = Few(dataset),
            };
        var key = few.ToString();
        try
        {
            return await _samples.GetOrAdd(key, _ => new(() => Task.Run(() => Load(few)))).Value;
        }
        catch (Exception)
        {
            // A fault is not kept: the files may be there next time.
            _samples.TryRemove(key, out _);
            throw;
        }
    }

    public void Dispose()
    {
        _inspecting.Dispose();
        _loading.Dispose();
    }

    private static int Few(DatasetSource dataset) => Math.Max(40, dataset.Shape.Classes * 2);

    private async Task<DatasetStatus> Inspect(DatasetSource dataset)
    {
        await _inspecting.WaitAsync();
        try
        {
            return dataset.Inspect(Root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DatasetException)
        {
            logger.LogWarning(error, "A data set could not be inspected.");
            return new DatasetStatus(DatasetState.Damaged, error.Message);
        }
        finally
        {
            _inspecting.Release();
        }
    }

    private async Task<ImageSet> Load(DatasetSource dataset)
    {
        await _loading.WaitAsync();
        try
        {
            return dataset.Load(Root, new SeedTree(0).Child("samples")).Test;
        }
        finally
        {
            _loading.Release();
        }
    }
}
