using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// What only the files of a data set can say against a spec: how many classes a folder of pictures has is in no
/// document. Asked where a run is handed in. Files that are missing or damaged say nothing here; the run tells of them.
/// </summary>
/// <param name="dataRoot">Folder of the data sets.</param>
public sealed class DataFaults(string dataRoot)
{
    private readonly Dictionary<DatasetSource, DatasetShape?> _shapes = [];

    /// <summary>All of them; empty when the run can start.</summary>
    public IReadOnlyList<SpecFault> Of(ExperimentSpec spec)
    {
        // Where the class count is in the document the validator has looked.
        if (spec.Dataset.Shape.Classes > 0)
        {
            return [];
        }

        if (!_shapes.TryGetValue(spec.Dataset, out var shape))
        {
            _shapes[spec.Dataset] = shape = Look(spec.Dataset);
        }

        if (shape is null)
        {
            return [];
        }

        // Of which label the images are is seen when they are loaded.
        var poison = spec.Origin.PoisonFault(Limited(shape.TrainCount, spec.Dataset.TrainLimit));
        var own = Of(spec, shape.Classes, Limited(shape.TestCount, spec.Dataset.TestLimit));
        return [.. poison is null ? own : own.Append(poison)];
    }

    /// <summary>Refuses a spec that has some.</summary>
    /// <exception cref="SpecException">With all of them.</exception>
    public void Refuse(ExperimentSpec spec)
    {
        if (Of(spec) is { Count: > 0 } faults)
        {
            throw new SpecException(faults);
        }
    }

    /// <summary>The same against counts that are known.</summary>
    internal static IEnumerable<SpecFault> Of(ExperimentSpec spec, int classes, int testImages)
    {
        var attack = spec.Attack;
        if (spec.Origin.KnowsAttack && attack.Mapping == LabelMapping.AllToOne && attack.TargetLabel >= classes)
        {
            yield return new(
                "attack.targetLabel",
                $"must be below {classes}, the number of classes found; found {attack.TargetLabel}."
            );
        }

        if (spec.CleanHoldout >= testImages)
        {
            yield return new(
                "cleanHoldout",
                $"must be below the {testImages} test images found; found {spec.CleanHoldout}."
            );
        }
    }

    private static int Limited(int count, int limit) => limit > 0 ? Math.Min(limit, count) : count;

    private DatasetShape? Look(DatasetSource dataset)
    {
        try
        {
            return dataset.ShapeIn(dataRoot);
        }
        catch (DatasetException)
        {
            return null;
        }
    }
}
