using System.Diagnostics;
using BackdoorLab.Engine.Tensors;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Tensors;

[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class ScalarRaceTests
{
    // Ten seconds of it, and on a slow or busy machine as many more as it takes to have tried often.
    private const long LeastIterations = 1_000_000;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    /// <summary>Without the remedy this loop throws about a hundred times on the reference machine.</summary>
    [SkippableFact]
    public void TemporaryScalars_WhileAnotherThreadAllocates_NeverDieUnderTheCall()
    {
        Skip.IfNot(TorchRuntime.ScalarRaceClosed, "The native remedy exists on x86-64 Linux only.");
        using var stop = new CancellationTokenSource();
        var garbage = new Thread(() =>
        {
            var kept = new List<byte[]>();
            while (!stop.IsCancellationRequested)
            {
                kept.Add(new byte[4096]);
                if (kept.Count > 2000)
                {
                    kept.Clear();
                }
            }
        });
        garbage.Start();
        using var sum = zeros(1, dtype: ScalarType.Float64);
        long iterations = 0;
        try
        {
            for (
                var watch = Stopwatch.StartNew();
                iterations < LeastIterations || watch.Elapsed < Duration;
                iterations++
            )
            {
                sum.add_(1);
            }
        }
        finally
        {
            stop.Cancel();
            garbage.Join();
        }

        Assert.Equal(iterations, sum.item<double>());
    }
}
