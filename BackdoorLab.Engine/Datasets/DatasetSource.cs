using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>A data set that can be loaded from the data root (or generated). One record per data set.</summary>
public abstract record DatasetSource : Method
{
    /// <summary>Keep only this many training images; 0 keeps all.</summary>
    [Range(0, 10_000_000)]
    [Description("Keep only this many training images, the same share of every class; 0 keeps all.")]
    public int TrainLimit { get; init; }

    /// <summary>Keep only this many test images; 0 keeps all.</summary>
    [Range(0, 10_000_000)]
    [Description("Keep only this many test images, the same share of every class; 0 keeps all.")]
    public int TestLimit { get; init; }

    /// <summary>
    /// Loads, checks and limits the set. Deterministic for a given record and <paramref name="seeds"/>.
    /// </summary>
    /// <param name="dataRoot">Folder that holds the data sets' folders; ignored by generated sets.</param>
    /// <param name="seeds">Choose the subset when a limit is set.</param>
    /// <exception cref="DatasetException">Missing or damaged files; names file, offset and remedy.</exception>
    public abstract DatasetSplits Load(string dataRoot, SeedTree seeds);

    /// <summary>
    /// What the data root holds of this set, without loading it into memory for longer than the check.
    /// </summary>
    public abstract DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default);

    /// <summary>
    /// Raised when a change of the loader makes other images of the same files; a part of what identifies the data.
    /// </summary>
    public virtual int LoaderVersion => 1;

    /// <summary>Image size and class count without loading: what forms, estimates and previews need.</summary>
    public abstract DatasetShape Shape { get; }

    /// <summary>
    /// Training images of each class after <see cref="TrainLimit"/>, where they follow from the settings alone; null
    /// where only the files tell.
    /// </summary>
    public virtual IReadOnlyList<int>? TrainClassCounts => null;

    /// <summary>
    /// The number of training images that these settings cannot give more than; null where only the files tell.
    /// </summary>
    public virtual int? MostTrainImages =>
        Shape.TrainCount is var all and > 0
            ? TrainLimit > 0
                ? Math.Min(TrainLimit, all)
                : all
            : TrainLimit > 0
                ? TrainLimit
                : null;

    /// <summary>
    /// As <see cref="Shape"/>, and where that leaves classes and counts open, those that the files have.
    /// </summary>
    /// <exception cref="DatasetException">The files that would tell are missing.</exception>
    public virtual DatasetShape ShapeIn(string dataRoot) => Shape;

    /// <summary>
    /// What is to be known of the files before anything is made of them: the order of classes, what is left out. Empty
    /// where nothing is.
    /// </summary>
    /// <exception cref="DatasetException">The files are missing or damaged.</exception>
    public virtual IReadOnlyList<string> RemarksIn(string dataRoot) => [];

    /// <summary>
    /// The same set for a run that trains nothing: no more training images are made or read than have to be.
    /// </summary>
    public virtual DatasetSource WithoutTraining() => this;

    /// <summary>The same set with so many classes; null where their number cannot be chosen, or not this one.</summary>
    public virtual DatasetSource? WithClasses(int classes) => null;
}

/// <summary>
/// Size facts of a data set; <paramref name="TrainCount"/> and <paramref name="TestCount"/> are those of the full set.
/// </summary>
public sealed record DatasetShape(int Channels, int Height, int Width, int Classes, int TrainCount, int TestCount);
