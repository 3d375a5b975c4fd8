using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using static TorchSharp.torch;

namespace BackdoorLab.Extension.Tests.Methods;

/// <summary>
/// An aggregation rule in one file: the mean of the updates, whatever the clients' numbers of images.
/// </summary>
[Method("plain-mean", "Plain mean", Summary = "Every client counts the same.")]
public sealed record PlainMean : MatrixAggregator
{
    public override (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates) =>
        (updates.Rows.mean([0L]), [.. updates.Clients.Select(_ => 1.0 / updates.Clients.Count)]);
}
