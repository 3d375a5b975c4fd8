using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// A data set that a model from a file may have been trained for, and the network that the file then holds.
/// </summary>
/// <param name="Dataset">Data set; its number of classes is the file's where it can be chosen.</param>
/// <param name="Shape">Its size facts, those of its files included.</param>
/// <param name="Fit">The network, or why none fits.</param>
public sealed record CheckCandidate(DatasetSource Dataset, DatasetShape Shape, ArchitectureFit Fit)
{
    private const int MostHoldout = 1000;
    private const int FewestImages = 20;

    /// <summary>Name of the data set.</summary>
    public string Name => MethodCatalog.Default.For(Dataset).Name;

    /// <summary>Clean images that the detectors get.</summary>
    public int Holdout => Math.Min(MostHoldout, Shape.TestCount / 2);

    /// <summary>Looks whether the file holds a network for images and classes of this data set.</summary>
    /// <param name="file">The file.</param>
    /// <param name="dataset">The data set.</param>
    /// <param name="dataRoot">Folder of the data sets.</param>
    /// <param name="entry">Which of the file's entries; empty for the first that fits.</param>
    /// <param name="program">Asks the file's program where it has one and its weights belong to no network of the
    /// catalog; null never to.</param>
    /// <param name="preferred">Whether the program is asked before the weights are compared.</param>
    /// <exception cref="WeightFileException">It has no such entry, or its program cannot be loaded.</exception>
    /// <exception cref="DatasetException">It has too few images, or its size stands in its files alone and they are not
    /// there.</exception>
    public static CheckCandidate Try(
        WeightFile file,
        DatasetSource dataset,
        string dataRoot,
        string entry = "",
        ProgramProbe? program = null,
        bool preferred = false
    )
    {
        var name = MethodCatalog.Default.For(dataset).Name;
        dataset = dataset.WithoutTraining();
        var shape = dataset.ShapeIn(dataRoot);
        var fit = Find(shape);
        if (
            fit.Outputs is { } outputs
            && dataset.WithClasses(outputs) is { } other
            && Find(other.ShapeIn(dataRoot)) is { Fits: true } better
        )
        {
            (dataset, shape, fit) = (other, other.ShapeIn(dataRoot), better);
        }

        return shape.TestCount >= FewestImages
            ? new(dataset, shape, fit)
            : throw new DatasetException(
                $"{name} has {shape.TestCount} test images; a check needs at least {FewestImages}."
            );

        ArchitectureFit Find(DatasetShape images)
        {
            var weights =
                preferred && program is not null && entry.Length == 0
                    ? null
                    : Architectures.Find(file, images, name, entry);
            return weights is { Fits: true } || program is null || entry.Length > 0
                ? weights!
                : program.Fit(images, name);
        }
    }

    /// <summary>The experiment that puts detectors on the model.</summary>
    /// <param name="model">The file.</param>
    /// <param name="detectors">Model detectors.</param>
    public ExperimentSpec Check(CheckedModel model, IReadOnlyList<Defense> detectors) =>
        new()
        {
            Name = PersonText.RunName.Fit($"Check of {model.File}"),
            Suspect = model,
            Dataset = Dataset,
            Model = Fit.Source,
            Attack = new UnknownAttack(),
            BenignTwin = false,
            Precisions = [new Float32()],
            Defenses = detectors,
            CleanHoldout = Holdout,
        };
}
