using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments;

/// <summary>A data set that a model from a file may have been trained for, and the network that the file then holds.</summary>
/// <param name="Dataset">Data set; its number of classes is the file's where it can be chosen.</param>
/// <param name="Fit">The network, or why none fits.</param>
public sealed record SuspectCandidate(DatasetSource Dataset, ArchitectureFit Fit)
{
    private const int Holdout = 1000;

    /// <summary>Name of the data set.</summary>
    public string Name => MethodCatalog.Default.For(Dataset).Name;

    /// <summary>Looks whether the file holds a network for images and classes of this data set.</summary>
    public static SuspectCandidate Try(WeightFile file, DatasetSource dataset)
    {
        var name = MethodCatalog.Default.For(dataset).Name;
        var fit = Architectures.Find(file, dataset.Shape, name);
        if (fit.Outputs is { } outputs && dataset.WithClasses(outputs) is { } other && Architectures.Find(file, other.Shape, name) is { Fits: true } better)
        {
            (dataset, fit) = (other, better);
        }

        return new(dataset, fit);
    }

    /// <summary>The experiment that puts detectors on the model.</summary>
    /// <param name="suspect">The file.</param>
    /// <param name="detectors">Model detectors.</param>
    public ExperimentSpec Check(SuspectModel suspect, IReadOnlyList<Defense> detectors) => new()
    {
        Name = $"Check of {suspect.File}",
        Suspect = suspect,

        // Nothing is trained on them; of generated images as few are made as may be.
        Dataset = Dataset is SyntheticSigns signs ? signs with { TrainCount = 100 } : Dataset,
        Model = Fit.Source,
        Attack = new UnknownAttack(),
        BenignTwin = false,
        Precisions = [new Float32()],
        Defenses = detectors,
        CleanHoldout = Dataset.Shape.TestCount > 0 ? Math.Min(Holdout, Dataset.Shape.TestCount / 2) : Holdout,
    };
}
