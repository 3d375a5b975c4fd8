using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Measures the network of a spec on this machine for a few steps and remembers it for every later estimate.
/// </summary>
public static class SpecProbe
{
    /// <summary>Takes a second or two for small networks, up to a minute for ResNet-18.</summary>
    public static Throughput Measure(ExperimentSpec spec, RunnerOptions options, CancellationToken cancellation)
    {
        TorchRuntime.Initialize(options.Threads);
        var shape = Estimator.ShapeOf(spec);
        var measured = Probe.Measure(
            spec.Model,
            shape,
            spec.Training,
            new RunContext(new SeedTree(spec.Seed), cancellation)
        );
        new ThroughputStore(new ArtifactStore(options.StoreFolder)).Save(spec, shape, options.Threads, measured);
        return measured;
    }
}
