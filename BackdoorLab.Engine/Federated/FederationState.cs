using System.Text.Json;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>Where a federated training stands between two rounds, in one file that is whole or absent.</summary>
internal sealed class FederationState(
    string? file,
    Tensor global,
    Tensor statistics,
    Tensor lastStep,
    ProtocolSession protocol,
    AggregatorMemory memory
)
{
    private const string MemoryPrefix = "memory.";

    /// <summary>
    /// Writes the state after the last of <paramref name="rounds"/>, with the similarities of its uploads.
    /// </summary>
    internal void Save(IReadOnlyList<RoundRecord> rounds, double[][] similarity)
    {
        if (file is not null)
        {
            Checkpoint.Save(
                file,
                Tensors(),
                new Dictionary<string, string>
                {
                    ["rounds"] = JsonSerializer.Serialize(rounds),
                    ["similarity"] = JsonSerializer.Serialize(similarity),
                    ["counters"] = protocol.Counters,
                    ["memory"] = JsonSerializer.Serialize(
                        memory.Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.numel())
                    ),
                }
            );
        }
    }

    /// <summary>
    /// Restores tensors and counters, adds the rounds done and returns the last one's similarities; null when there is
    /// no file.
    /// </summary>
    /// <exception cref="InvalidOperationException">The file is damaged or belongs to another network.</exception>
    internal double[][]? Load(List<RoundRecord> rounds)
    {
        if (file is null || !File.Exists(file))
        {
            return null;
        }

        try
        {
            // What the aggregator remembers comes and goes with its clients, so its names are read first.
            var named = Checkpoint.Load(file, new Dictionary<string, Tensor>())["memory"];
            foreach (var (name, length) in JsonSerializer.Deserialize<Dictionary<string, long>>(named)!)
            {
                memory.GetOrAdd(name, length);
            }

            var metadata = Checkpoint.Load(file, Tensors());
            protocol.Counters = metadata["counters"];
            rounds.AddRange(JsonSerializer.Deserialize<List<RoundRecord>>(metadata["rounds"])!);
            return JsonSerializer.Deserialize<double[][]>(metadata["similarity"])!;
        }
        catch (InvalidDataException error)
        {
            throw new InvalidOperationException($"{error.Message} Delete it to train from the start.", error);
        }
    }

    internal void Delete()
    {
        if (file is not null)
        {
            File.Delete(file);
        }
    }

    private Dictionary<string, Tensor> Tensors()
    {
        var all = new Dictionary<string, Tensor>
        {
            ["global"] = global,
            ["statistics"] = statistics,
            ["last-step"] = lastStep,
        };
        foreach (var (name, values) in protocol.State)
        {
            all["protocol." + name] = values;
        }

        foreach (var (name, values) in memory.Tensors)
        {
            all[MemoryPrefix + name] = values;
        }

        return all;
    }
}
