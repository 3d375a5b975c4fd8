using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>One stage of a deployed network, by name.</summary>
internal sealed class StageMaps
{
    private readonly DeployedClassifier _model;
    private readonly int _stage;

    private StageMaps(DeployedClassifier model, int stage, string name, int channels) =>
        (_model, _stage, Name, Channels) = (model, stage, name, channels);

    /// <summary>The stage's name.</summary>
    internal string Name { get; }

    /// <summary>Channels of its map.</summary>
    internal int Channels { get; }

    /// <summary>
    /// The stage of this name; without one the input of the last stage, which is the output before it.
    /// </summary>
    /// <exception cref="NotApplicableException">There is none.</exception>
    internal static StageMaps Of(DeployedClassifier model, string name, ImageSet images)
    {
        using var scope = NewDisposeScope();
        var stages = model.Stages(Batches.Images(images, [0]));
        if (stages.Count == 0)
        {
            throw new NotApplicableException("This network has no stages with maps.");
        }

        string[] names = [.. stages.Select(stage => stage.Name)];
        var at = name.Length == 0 ? Math.Max(0, names.Length - 2) : Array.IndexOf(names, name);
        return at >= 0
            ? new(model, at, names[at], (int)stages[at].Values.shape[1])
            : throw new NotApplicableException(
                $"This network has no stage '{name}'; it has {string.Join(", ", names)}."
            );
    }

    /// <summary>The maps of images, float32 [N, channels, h, w], in the caller's scope.</summary>
    internal Tensor Values(ImageSet images, int[] indices) =>
        _model.Stages(Batches.Images(images, indices))[_stage].Values;
}
