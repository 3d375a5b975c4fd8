using System.Globalization;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Remembers how fast this machine ran a network, for the next estimate.</summary>
/// <param name="store">Where.</param>
public sealed class ThroughputStore(ArtifactStore store)
{
    private const string FileName = "throughput.json";

    /// <summary>
    /// The throughput measured earlier for this network and these settings on this processor, or null.
    /// </summary>
    public Throughput? Find(ExperimentSpec spec, ClassifierShape shape, int threads) =>
        store.ReadJson<Throughput>(Key(spec, shape, threads), FileName);

    /// <summary>Keeps what a probe measured.</summary>
    public void Save(ExperimentSpec spec, ClassifierShape shape, int threads, Throughput measured) =>
        store.WriteJson(Key(spec, shape, threads), FileName, measured);

    /// <summary>
    /// Keeps what a training showed; forward and gradient rates follow in the proportions of
    /// <paramref name="assumed"/>. Null (all stages cached) keeps nothing, and a real probe's figures are not
    /// overwritten.
    /// </summary>
    internal void Save(
        ExperimentSpec spec,
        ClassifierShape shape,
        int threads,
        double? trainImagesPerSecond,
        Throughput assumed
    )
    {
        if (trainImagesPerSecond is { } rate && !assumed.Measured)
        {
            var factor = rate / assumed.TrainImagesPerSecond;
            Save(
                spec,
                shape,
                threads,
                new Throughput(
                    rate,
                    assumed.ForwardImagesPerSecond * factor,
                    assumed.GradientImagesPerSecond * factor,
                    true
                )
            );
        }
    }

    private static StageKey Key(ExperimentSpec spec, ClassifierShape shape, int threads) =>
        StageKey.Of(
            "throughput",
            null,
            ("model", spec.Model),
            (
                "shape",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{shape.Channels}x{shape.Height}x{shape.Width}/{shape.Classes}"
                )
            ),
            ("batchSize", spec.Training.BatchSize),
            ("precision", spec.Training.Precision),
            ("threads", threads),
            ("processor", TorchRuntime.ProcessorName)
        );
}
