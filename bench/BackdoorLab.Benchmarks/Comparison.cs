using System.Globalization;

namespace BackdoorLab.Benchmarks;

/// <summary>How a comparison is run.</summary>
internal sealed record ComparisonOptions(
    string Python,
    int Rounds,
    int Batch,
    int Threads,
    double Seconds,
    IReadOnlyList<string> Nets
);

/// <summary>
/// Alternates the two sides, one child process at a time, for several rounds: a slow minute of the machine then hits
/// both, and the median over rounds forgets it.
/// </summary>
internal sealed class Comparison(ComparisonOptions options)
{
    private readonly Dictionary<(string Net, Side Side), List<Sample>> _samples = [];

    /// <summary>Why the PyTorch side is missing, or null.</summary>
    public string? MissingPyTorch { get; } = Child.MissingPyTorch(options.Python);

    /// <summary>Runs all rounds; progress goes to the error stream.</summary>
    public void Run()
    {
        var sides = MissingPyTorch is null ? Enum.GetValues<Side>() : [Side.OursFloat32, Side.OursBFloat16];
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var net in options.Nets)
            {
                foreach (var side in Order(round, sides))
                {
                    var sample = Measure(net, side);
                    if (!_samples.TryGetValue((net, side), out var list))
                    {
                        _samples[(net, side)] = list = [];
                    }

                    list.Add(sample);
                    Console.Error.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"round {round + 1}/{options.Rounds} {net} {side}: train {sample.TrainImagesPerSecond:F0}, forward {sample.ForwardImagesPerSecond:F0} images/s"
                        )
                    );
                }
            }
        }

        CheckSameNets();
    }

    /// <summary>Images per second of every round, in order; empty when the side was not run.</summary>
    public IReadOnlyList<double> Rates(string net, Side side, bool training) =>
        [
            .. _samples
                .GetValueOrDefault((net, side), [])
                .Select(sample => training ? sample.TrainImagesPerSecond : sample.ForwardImagesPerSecond),
        ];

    /// <summary>Median over rounds of the ratio within a round; NaN when a side was not run.</summary>
    public double Ratio(string net, Side ours, Side theirs, bool training)
    {
        var (numerator, denominator) = (Rates(net, ours, training), Rates(net, theirs, training));
        return denominator.Count == 0 ? double.NaN : Ratio(numerator, denominator);
    }

    /// <summary>The sides in the order of their turns: reversed in every second round.</summary>
    public static IEnumerable<T> Order<T>(int round, IReadOnlyList<T> sides) =>
        round % 2 == 0 ? sides : sides.Reverse();

    /// <summary>Median over rounds of the ratio within a round.</summary>
    public static double Ratio(IReadOnlyList<double> numerator, IReadOnlyList<double> denominator) =>
        Median([.. numerator.Zip(denominator, (a, b) => a / b)]);

    /// <summary>Library names of both sides.</summary>
    public string Libraries => string.Join(" against ", _samples.Values.Select(list => list[0].Library).Distinct());

    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1
            ? sorted[sorted.Length / 2]
            : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private Sample Measure(string net, Side side)
    {
        string[] arguments =
        [
            "--net",
            net,
            "--arithmetic",
            side is Side.OursBFloat16 or Side.PyTorchBFloat16 or Side.TunedPyTorchBFloat16 ? "bf16" : "fp32",
            "--batch",
            options.Batch.ToString(CultureInfo.InvariantCulture),
            "--threads",
            options.Threads.ToString(CultureInfo.InvariantCulture),
            "--seconds",
            options.Seconds.ToString(CultureInfo.InvariantCulture),
        ];
        return Sample.Parse(
            side is Side.OursFloat32 or Side.OursBFloat16
                ? Child.Engine(options.Threads, ["measure", .. arguments])
                : Child.Python(
                    options.Python,
                    "pytorch_baseline.py",
                    options.Threads,
                    side is Side.TunedPyTorchFloat32 or Side.TunedPyTorchBFloat16,
                    arguments
                )
        );
    }

    private void CheckSameNets()
    {
        foreach (var net in options.Nets)
        {
            var sizes = _samples
                .Where(entry => entry.Key.Net == net)
                .SelectMany(entry => entry.Value)
                .Select(sample => sample.Parameters)
                .Distinct()
                .ToArray();
            if (sizes.Length != 1)
            {
                throw new InvalidOperationException(
                    $"The two sides do not run the same {net}: {string.Join(" and ", sizes)} parameters."
                );
            }
        }
    }
}

/// <summary>Who runs, in which arithmetic.</summary>
internal enum Side
{
    OursFloat32,
    PyTorchFloat32,
    OursBFloat16,
    PyTorchBFloat16,
    TunedPyTorchFloat32,
    TunedPyTorchBFloat16,
}
