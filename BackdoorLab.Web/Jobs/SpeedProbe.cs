using System.Diagnostics;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// What this machine's speed is known to be for a spec's network, and how to find out: the <c>probe</c> command in a
/// process of its own.
/// </summary>
public sealed class SpeedProbe(LabOptions options)
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>The estimate in seconds, and whether it rests on a measurement of this machine.</summary>
    /// <param name="spec">A valid spec.</param>
    /// <param name="shape">What is known of its data set; what that declares unless given.</param>
    public (double Seconds, bool Measured) Estimate(ExperimentSpec spec, DatasetShape? shape = null)
    {
        var known = new ThroughputStore(new ArtifactStore(options.ArtifactFolder)).Find(
            spec,
            Estimator.ShapeOf(spec, shape),
            options.Threads
        );
        return (Estimator.Seconds(spec, known, options.Threads, shape), known?.Measured == true);
    }

    /// <summary>
    /// Measures; afterwards <see cref="Estimate"/> uses the result. Returns null, or why it could not be measured.
    /// </summary>
    public async Task<string?> Measure(ExperimentSpec spec, CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, SpecJson.Write(spec), stop);
            var start = WorkerCommandLine.Create("probe", options.Threads);
            foreach (
                var argument in new[] { file, "--store", options.ArtifactFolder, "--threads", $"{options.Threads}" }
            )
            {
                start.ArgumentList.Add(argument);
            }

            start.RedirectStandardError = start.RedirectStandardOutput = true;
            using var process = Process.Start(start)!;
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(stop);
                var errors = await process.StandardError.ReadToEndAsync(stop);
                await output;
                await process.WaitForExitAsync(stop);
                return process.ExitCode == 0
                    ? null
                    : $"The measurement ended with code {process.ExitCode}. {errors.Trim()}";
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
        finally
        {
            File.Delete(file);
            _one.Release();
        }
    }
}
