using System.Globalization;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Where a training stands: enough, with the network and the optimiser, to go on as if it had not been interrupted.
/// </summary>
/// <param name="Step">Steps done.</param>
/// <param name="LossSum">Sum of the batch losses of the unfinished epoch.</param>
/// <param name="Curve">Mean loss of each finished epoch.</param>
internal sealed record TrainingState(long Step, double LossSum, IReadOnlyList<double> Curve)
{
    internal void Save(string file, IReadOnlyDictionary<string, Tensor> tensors) =>
        Checkpoint.Save(
            file,
            tensors,
            new Dictionary<string, string>
            {
                ["step"] = Step.ToString(CultureInfo.InvariantCulture),
                ["lossSum"] = LossSum.ToString("R", CultureInfo.InvariantCulture),
                ["curve"] = string.Join(";", Curve.Select(loss => loss.ToString("R", CultureInfo.InvariantCulture))),
            }
        );

    internal static TrainingState Load(string file, IReadOnlyDictionary<string, Tensor> tensors)
    {
        var metadata = Checkpoint.Load(file, tensors);
        return new(
            long.Parse(metadata["step"], CultureInfo.InvariantCulture),
            double.Parse(metadata["lossSum"], CultureInfo.InvariantCulture),
            [
                .. metadata["curve"]
                    .Split(';', StringSplitOptions.RemoveEmptyEntries)
                    .Select(loss => double.Parse(loss, CultureInfo.InvariantCulture)),
            ]
        );
    }

    /// <summary>
    /// All that a training changes, by name: the network, the optimiser's state, the averages of a lookahead.
    /// </summary>
    internal static Dictionary<string, Tensor> Tensors(
        Classifier model,
        Optimizer optimizer,
        Lookahead? lookahead = null
    )
    {
        var all = model.state_dict().ToDictionary(pair => "model." + pair.Key, pair => pair.Value);
        foreach (var (name, value) in optimizer.State)
        {
            all["optimizer." + name] = value;
        }

        foreach (var (name, value) in lookahead?.State ?? new Dictionary<string, Tensor>())
        {
            all["lookahead." + name] = value;
        }

        return all;
    }
}
