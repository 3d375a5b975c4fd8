using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// A tensor in a file: what it is called and how large it is. Its numbers stay in the file until they are asked for.
/// </summary>
/// <param name="name">Name in the state dict.</param>
/// <param name="type">How its numbers are written.</param>
/// <param name="shape">Its size; empty for a single number.</param>
/// <param name="bytes">Reads its numbers, row-major and little-endian.</param>
public sealed class StoredTensor(string name, ElementType type, long[] shape, Func<byte[]> bytes)
{
    /// <summary>Name in the state dict.</summary>
    public string Name { get; } = name;

    /// <summary>How its numbers are written.</summary>
    public ElementType Type { get; } = type;

    /// <summary>Its size; empty for a single number.</summary>
    public IReadOnlyList<long> Shape { get; } = shape;

    /// <summary>Numbers in it.</summary>
    public long Count => Shape.Aggregate(1L, (product, side) => product * side);

    /// <summary>Whether it holds weights or statistics, and no counter.</summary>
    public bool IsFloat =>
        Type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16;

    /// <summary>Bytes of one number.</summary>
    public static int SizeOf(ElementType type) =>
        type switch
        {
            ElementType.Float64 or ElementType.Int64 => 8,
            ElementType.Float32 or ElementType.Int32 => 4,
            ElementType.Byte or ElementType.Other => 1,
            _ => 2,
        };

    /// <summary>The same tensor under another name.</summary>
    public StoredTensor Named(string other) => new(other, Type, [.. Shape], bytes);

    /// <summary>Its numbers in float32, row-major.</summary>
    /// <exception cref="WeightFileException">They are no floating-point numbers, not all finite, or the file ends
    /// before them.</exception>
    public float[] Read()
    {
        if (Type == ElementType.Other)
        {
            throw new WeightFileException(
                $"'{Shortened.Text(Name)}' holds complex or 8-bit floating-point numbers, which are not read. Convert the weights to float32 and save them again."
            );
        }

        if (!IsFloat)
        {
            throw new WeightFileException(
                $"'{Shortened.Text(Name)}' holds whole numbers where weights belong. A quantized model cannot be read; save its weights before quantization."
            );
        }

        var values = Convert(WeightFileException.Guard(bytes));
        if (values.Any(value => !float.IsFinite(value)))
        {
            throw new WeightFileException(
                $"'{Shortened.Text(Name)}' holds values that are no finite numbers (NaN or infinity): the training diverged or the file is damaged. Save the model from an earlier epoch."
            );
        }

        return values;
    }

    private float[] Convert(byte[] raw)
    {
        var values = new float[raw.Length / SizeOf(Type)];
        switch (Type)
        {
            case ElementType.Float32:
                MemoryMarshal.Cast<byte, float>(raw).CopyTo(values);
                break;
            case ElementType.Float64:
                var doubles = MemoryMarshal.Cast<byte, double>(raw);
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (float)doubles[i];
                }

                break;
            case ElementType.Float16:
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(raw.AsSpan(2 * i));
                }

                break;
            default:
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = BitConverter.Int32BitsToSingle(
                        BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(2 * i)) << 16
                    );
                }

                break;
        }

        return values;
    }
}
