using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Pulls weights to their moving average (Jordan, arXiv 2404.00498, after Zhang et al.: Lookahead Optimizer, 2019).
/// Every k steps average = average + (1 - d)(weights - average) and the average becomes the weights, with d = 0.95^k
/// p^3 at share p of the training: it follows fast at first and slowly at the end. Running statistics of normalisation
/// are averaged too, which only works where they follow fast themselves.
/// </summary>
internal sealed class Lookahead : IDisposable
{
    private const double KeptPerStep = 0.95;
    private const double Power = 3;
    private readonly int _every;
    private readonly List<(Tensor Weights, Tensor Average)> _pairs = [];

    /// <summary>Starts with the weights as the average.</summary>
    /// <param name="model">Its trainable parameters and running statistics are averaged.</param>
    /// <param name="every">Steps between two pulls.</param>
    internal Lookahead(Classifier model, int every)
    {
        _every = every;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var parameters = model
            .named_parameters()
            .Where(entry => entry.parameter.requires_grad)
            .Select(entry => (entry.name, (Tensor)entry.parameter));
        var statistics = model
            .named_modules()
            .Where(entry => entry.module is BatchNorm2d { UsesBatchStatistics: false })
            .SelectMany(entry => Statistics(entry.name, (BatchNorm2d)entry.module));
        var state = new Dictionary<string, Tensor>();
        foreach (var (name, weights) in parameters.Concat(statistics))
        {
            var average = weights.detach().clone().DetachFromDisposeScope();
            _pairs.Add((weights, average));
            state[name] = average;
        }

        State = state;
    }

    /// <summary>
    /// The averages by the names of what they average, to be saved and restored; live as long as this object.
    /// </summary>
    internal IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>Pulls if it is time.</summary>
    /// <param name="done">Steps done.</param>
    /// <param name="steps">Steps of the training.</param>
    internal void After(long done, long steps)
    {
        if (done % _every == 0)
        {
            Pull(Math.Pow(KeptPerStep, _every) * Math.Pow((double)done / steps, Power));
        }
    }

    /// <summary>Makes the average the weights.</summary>
    internal void Finish() => Pull(1);

    /// <inheritdoc/>
    public void Dispose() => _pairs.ForEach(pair => pair.Average.Dispose());

    private static IEnumerable<(string, Tensor)> Statistics(string name, BatchNorm2d norm) =>
        [($"{name}.running_mean", norm.running_mean), ($"{name}.running_var", norm.running_var)];

    private void Pull(double kept)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Scalar old = kept;
        using Scalar share = 1 - kept;
        foreach (var (weights, average) in _pairs)
        {
            average.mul_(old);
            average.add_(weights, share);
            weights.copy_(average);
        }
    }
}
