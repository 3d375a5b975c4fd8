using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Named tensors and a few words of metadata in one file of the safetensors form, readable by other tools. Written
/// under a temporary name and renamed, so a file is either whole or absent.
/// </summary>
public static class Checkpoint
{
    // The words of a federation's rounds make most of it.
    private const int MostHeaderBytes = 100_000_000;

    /// <summary>Writes a file.</summary>
    /// <param name="file">Path; its folder is created.</param>
    /// <param name="tensors">CPU tensors of any strides; written contiguous.</param>
    /// <param name="metadata">Text values.</param>
    public static void Save(
        string file,
        IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata
    ) => WholeFile.Write(file, stream => SafetensorsHeader.Write(stream, tensors, metadata));

    /// <summary>
    /// Copies a file's values into existing tensors of the same names, types and shapes, and returns the metadata.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// The file is damaged or belongs to other tensors; nothing is promised about the targets then.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Load(string file, IReadOnlyDictionary<string, Tensor> targets)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var header = SafetensorsHeader.Read(stream, MostHeaderBytes);
            var entries = header.Tensors.ToLookup(entry => entry.Name);
            foreach (var (name, target) in targets)
            {
                var entry = entries[name].FirstOrDefault() ?? throw new InvalidDataException($"'{name}' is missing.");
                Fill(stream, entry, target);
            }

            return header.Metadata?.Deserialize<Dictionary<string, string>>()
                ?? throw new InvalidDataException("its metadata is missing.");
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or JsonException)
        {
            throw new InvalidDataException($"The checkpoint {file} cannot be used: {error.Message}", error);
        }
    }

    private static void Fill(FileStream stream, SafetensorsEntry entry, Tensor target)
    {
        if (entry.Form != SafetensorsHeader.FormOf(target.dtype) || !entry.Shape.AsSpan().SequenceEqual(target.shape))
        {
            throw new InvalidDataException($"'{entry.Name}' has another type or shape.");
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var value = empty(entry.Shape, dtype: target.dtype);
        stream.Position = entry.Start;
        stream.ReadExactly(value.bytes);
        target.copy_(value);
    }
}
