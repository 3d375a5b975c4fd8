using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// Hashes what decides a result: every value with its length before it, so that no two lists of values give the same
/// bytes.
/// </summary>
internal sealed class DataFingerprint : IDisposable
{
    private const int Digits = 32;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Pixels, labels, groups, geometry, class names and their order of one set.</summary>
    internal static string Of(ImageSet set)
    {
        using var all = new DataFingerprint();
        return all.Add(set.ClassNames)
            .Add(set.Channels)
            .Add(set.Height)
            .Add(set.Width)
            .Add(set.Labels)
            .Add(set.Groups ?? [])
            .Add(set.Groups is null ? 0 : 1)
            .Add(set.Pixels)
            .ToHex();
    }

    internal DataFingerprint Add(ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        _hash.AppendData(length);
        _hash.AppendData(bytes);
        return this;
    }

    internal DataFingerprint Add(ReadOnlySpan<int> values) => Add(MemoryMarshal.AsBytes(values));

    internal DataFingerprint Add(int value) => Add([value]);

    internal DataFingerprint Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    internal DataFingerprint Add(IReadOnlyList<string> texts)
    {
        Add(texts.Count);
        foreach (var text in texts)
        {
            Add(text);
        }

        return this;
    }

    internal DataFingerprint Add(Normalization normalization) =>
        Add(MemoryMarshal.AsBytes(normalization.Mean.AsSpan()))
            .Add(MemoryMarshal.AsBytes(normalization.StandardDeviation.AsSpan()));

    /// <summary>What was added, 32 lower-case hexadecimal digits.</summary>
    internal string ToHex() => Convert.ToHexStringLower(_hash.GetCurrentHash())[..Digits];

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
