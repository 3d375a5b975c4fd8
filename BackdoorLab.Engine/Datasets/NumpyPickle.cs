using System.Buffers.Binary;
using System.Text;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>An array that a pickle describes: whole numbers, row-major.</summary>
internal sealed class PixelArray
{
    /// <summary>NumPy's short name of the element type, such as u1.</summary>
    public string Type { get; private set; } = "";

    /// <summary>Sizes.</summary>
    public long[] Shape { get; private set; } = [];

    /// <summary>The elements as they lie in the file.</summary>
    public ReadOnlyMemory<byte> Data { get; private set; }

    /// <summary>Sets all three; sizes must be those of the data.</summary>
    /// <exception cref="InvalidDataException">They are not.</exception>
    public void Set(string type, long[] shape, ReadOnlyMemory<byte> data)
    {
        var size = type is [_, >= '1' and <= '8']
            ? type[1] - '0'
            : throw new InvalidDataException("an array in it has elements that are no whole numbers.");
        long count = size;
        foreach (var side in shape)
        {
            count = side is >= 0 and <= int.MaxValue && count <= int.MaxValue ? count * side : -1;
        }

        (Type, Shape, Data) =
            count == data.Length
                ? (type, shape, data)
                : throw new InvalidDataException("an array in it has another size than its data.");
    }

    /// <summary>The elements as whole numbers.</summary>
    /// <exception cref="InvalidDataException">They are none.</exception>
    public long[] Numbers()
    {
        var (data, values) = (
            Data,
            Type switch
            {
                "u1" or "i1" => 1,
                "i2" or "u2" => 2,
                "i4" or "u4" => 4,
                "i8" or "u8" => 8,
                _ => throw new InvalidDataException("its labels are no whole numbers."),
            }
        );
        return
        [
            .. Enumerable
                .Range(0, data.Length / values)
                .Select(i =>
                    values switch
                    {
                        1 => data.Span[i],
                        2 => BinaryPrimitives.ReadInt16LittleEndian(data.Span[(2 * i)..]),
                        4 => BinaryPrimitives.ReadInt32LittleEndian(data.Span[(4 * i)..]),
                        _ => BinaryPrimitives.ReadInt64LittleEndian(data.Span[(8 * i)..]),
                    }
                ),
        ];
    }
}

/// <summary>
/// The names that a pickle of NumPy arrays needs, as Python 2 and 3 and NumPy before and after 2.0 write them.
/// </summary>
internal sealed class NumpyPickle : IPickleNames
{
    private sealed record ElementType(string Name);

    /// <inheritdoc/>
    public bool Knows(string module, string name) =>
        (module, name)
            is
                ("numpy", "ndarray" or "dtype")
                or
                ("numpy.core.multiarray" or "numpy._core.multiarray", "_reconstruct")
                or
                ("numpy.core.numeric" or "numpy._core.numeric", "_frombuffer")
                or
                ("_codecs", "encode");

    /// <inheritdoc/>
    public object? Make(PickleName name, object?[] arguments)
    {
        switch (name.Name)
        {
            case "_reconstruct":
                return new PixelArray();
            case "dtype" when arguments is [var type, ..]:
                return new ElementType(Text(type).TrimStart('<', '|', '='));
            case "_frombuffer"
                when arguments is [ReadOnlyMemory<byte> data, ElementType type, object?[] shape, var order, ..]
                    && Text(order) == "C":
                var array = new PixelArray();
                array.Set(type.Name, Sizes(shape), data);
                return array;

            // How Python 3 writes bytes for Python 2: each as the letter with its number.
            case "encode" when arguments is [string letters, "latin1" or "latin-1"]:
                return (ReadOnlyMemory<byte>)Encoding.Latin1.GetBytes(letters);
            default:
                throw new InvalidDataException(
                    $"its pickle calls {name.Module}.{name.Name} in a way that arrays do not need; it was not followed."
                );
        }
    }

    /// <inheritdoc/>
    public void Fill(object made, object? state)
    {
        // The state of an element type is its byte order and, for records, its fields; what has those is refused by its
        // name.
        if (made is PixelArray array)
        {
            if (
                state is not object?[] parts
                || parts is not [_, object?[] shape, ElementType type, false, ReadOnlyMemory<byte> data]
            )
            {
                throw new InvalidDataException("an array in it is not row-major bytes.");
            }

            array.Set(type.Name, Sizes(shape), data);
        }
        else if (made is not ElementType)
        {
            throw new InvalidDataException("its pickle gives a state to something that has none.");
        }
    }

    private static string Text(object? value) =>
        value is ReadOnlyMemory<byte> bytes ? Encoding.Latin1.GetString(bytes.Span) : (string)value!;

    private static long[] Sizes(object?[] shape) => [.. shape.Select(side => (long)side!)];
}
