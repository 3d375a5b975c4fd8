using System.Text.Json.Nodes;

namespace BackdoorLab.Web.Jobs;

/// <summary>What a worker process is told on the first line of its standard input.</summary>
/// <param name="Spec">The spec's document, checked again by the worker.</param>
/// <param name="DataRoot">Folder of the data sets.</param>
/// <param name="StoreFolder">Root of the artifact store.</param>
/// <param name="LockFile">Held by a worker while it computes: two at once would only halve each other's speed.</param>
/// <param name="Threads">Processor threads.</param>
/// <param name="StopSeconds">How long the worker may take to end after it was told to stop, before it ends itself
/// hard.</param>
/// <param name="ModelFolder">Folder of the model files that specs may name.</param>
public sealed record WorkerOrder(
    JsonNode Spec,
    string DataRoot,
    string StoreFolder,
    string LockFile,
    int Threads,
    int StopSeconds,
    string ModelFolder = ""
);
