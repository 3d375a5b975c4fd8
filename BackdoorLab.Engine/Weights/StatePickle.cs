using System.Buffers.Binary;
using System.Text;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// The part of Python's pickle language that state dicts are written in. A pickle is a program, and running it runs whatever it names; this
/// machine knows strings, numbers, lists, tuples, dictionaries and the handful of names by which PyTorch describes tensors, and refuses the
/// first other name it meets, before anything was made of it.
/// </summary>
/// <param name="program">The pickle.</param>
internal sealed class StatePickle(byte[] program)
{
    private const string Utilities = "torch._utils";
    private static readonly object Mark = new();
    private static readonly PickledName OrderedDict = new("collections", "OrderedDict");

    private static readonly Dictionary<string, ElementType> Storages = new()
    {
        ["FloatStorage"] = ElementType.Float32,
        ["DoubleStorage"] = ElementType.Float64,
        ["HalfStorage"] = ElementType.Float16,
        ["BFloat16Storage"] = ElementType.BFloat16,
        ["LongStorage"] = ElementType.Int64,
        ["IntStorage"] = ElementType.Int32,
        ["ShortStorage"] = ElementType.Int16,
        ["CharStorage"] = ElementType.Byte,
        ["ByteStorage"] = ElementType.Byte,
        ["BoolStorage"] = ElementType.Byte,
    };

    private static readonly HashSet<PickledName> Allowed =
    [
        OrderedDict, new(Utilities, "_rebuild_tensor"), new(Utilities, "_rebuild_tensor_v2"), new(Utilities, "_rebuild_parameter"), new("torch", "Size"), new("torch", "device"),
        .. Storages.Keys.Select(name => new PickledName("torch", name)),
    ];

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;

    /// <summary>What the pickle describes.</summary>
    /// <exception cref="WeightFileException">It names something that weights do not need.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal object? Load()
    {
        try
        {
            while (true)
            {
                var instruction = (char)Take(1)[0];
                if (instruction == '.')
                {
                    return Pop();
                }

                Run(instruction);
            }
        }
        catch (Exception error) when (error is InvalidCastException or ArgumentOutOfRangeException or KeyNotFoundException or NullReferenceException or DecoderFallbackException)
        {
            throw new InvalidDataException("its pickle makes no sense.", error);
        }
    }

    private void Run(char instruction)
    {
        switch (instruction)
        {
            case '\u0080': Take(1); break;
            case '\u0095': Take(8); break;
            case '(': Push(Mark); break;
            case '0': Pop(); break;
            case '1': PopToMark(); break;
            case '2': Push(_stack[^1]); break;
            case 'N': Push(null); break;
            case '\u0088': Push(true); break;
            case '\u0089': Push(false); break;
            case 'K': Push((long)Take(1)[0]); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case '\u008a': Push(Whole(Take(Take(1)[0]))); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case 'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case '\u008c': Push(Text(Take(1)[0])); break;
            case '\u008d': Push(Text(BinaryPrimitives.ReadInt64LittleEndian(Take(8)))); break;
            case 'U' or 'C': Take(Take(1)[0]); Push(""); break;
            case 'T' or 'B': Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); Push(""); break;
            case ')': Push(Array.Empty<object?>()); break;
            case 't': Push(PopToMark()); break;
            case '\u0085': Push(Last(1)); break;
            case '\u0086': Push(Last(2)); break;
            case '\u0087': Push(Last(3)); break;
            case ']': Push(new List<object?>()); break;
            case '}': Push(new PickledDictionary()); break;
            case 'a': Append([Pop()]); break;
            case 'e': Append(PopToMark()); break;
            case 's': Fill(Last(2)); break;
            case 'u': Fill(PopToMark()); break;
            case 'q': _memo[Take(1)[0]] = _stack[^1]; break;
            case 'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = _stack[^1]; break;
            case '\u0094': _memo[_memo.Count] = _stack[^1]; break;
            case 'h': Push(_memo[Take(1)[0]]); break;
            case 'j': Push(_memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))]); break;
            case 'c': Push(Name(Line(), Line())); break;
            case '\u0093': var parts = Last(2); Push(Name((string)parts[0]!, (string)parts[1]!)); break;
            case 'R': var call = Last(2); Push(Make((PickledName)call[0]!, (object?[])call[1]!)); break;
            case '\u0081': var made = Last(2); Push(Make((PickledName)made[0]!, (object?[])made[1]!)); break;
            case 'b': Pop(); break; // A state dict carries its versions as attributes, which nothing here needs.
            case 'Q': Push(Storage((object?[])Pop()!)); break;
            default: throw new WeightFileException($"The pickle in the file has an instruction (0x{(int)instruction:x2}) that weights do not need; it was not followed. {WeightFile.Remedy}");
        }
    }

    private static PickledName Name(string module, string name)
    {
        var found = new PickledName(module, name);
        if (Allowed.Contains(found))
        {
            return found;
        }

        if (module == Utilities && name.Contains("qtensor", StringComparison.Ordinal))
        {
            throw new WeightFileException("The file holds a quantized model. Save its weights before quantization.");
        }

        throw new WeightFileException(
            module == "__main__" || module.StartsWith("torch.nn", StringComparison.Ordinal) || module.StartsWith("torchvision.models", StringComparison.Ordinal)
                ? $"The file holds a whole pickled model (it names {module}.{name}), which can only be opened by running its code. {WeightFile.Remedy}"
                : $"To open this file Python would have to call {module}.{name}. It was not opened and nothing of it was run: a pickle that names more than tensors can do anything. "
                    + $"If you trust it, open it where you trained it and save the weights alone. {WeightFile.Remedy}");
    }

    private static object? Make(PickledName name, object?[] arguments)
    {
        // With arguments it would copy a list, and a small pickle could ask for many copies of a long one.
        if (name == OrderedDict && arguments.Length == 0)
        {
            return new PickledDictionary();
        }

        return name.Name switch
        {
            "_rebuild_tensor" or "_rebuild_tensor_v2" => new PickledTensor((PickledStorage)arguments[0]!, (long)arguments[1]!, Sizes(arguments[2]), Sizes(arguments[3])),
            "_rebuild_parameter" => (PickledTensor)arguments[0]!,
            "Size" => arguments[0],
            "device" => "",
            _ => throw new WeightFileException($"The pickle in the file calls {name.Module}.{name.Name}, which weights do not need; it was not followed. {WeightFile.Remedy}"),
        };
    }

    // ('storage', kind, file, device, count)
    private static PickledStorage Storage(object?[] identity) => identity is ["storage", PickledName kind, string key, _, long count] && Storages.TryGetValue(kind.Name, out var type)
        ? new(type, key, count)
        : throw new InvalidDataException("its pickle refers to something that is no data of a tensor.");

    private static object?[] Items(object? list) => list is List<object?> items ? [.. items] : (object?[])list!;

    private static long[] Sizes(object? list) => [.. Items(list).Select(side => (long)side!)];

    private static object Whole(ReadOnlySpan<byte> digits)
    {
        if (digits.Length > 8)
        {
            throw new InvalidDataException("a number in its pickle is too long.");
        }

        Span<byte> all = stackalloc byte[8];
        all.Fill(digits.Length > 0 && digits[^1] >= 0x80 ? (byte)0xff : (byte)0);
        digits.CopyTo(all);
        return BinaryPrimitives.ReadInt64LittleEndian(all);
    }

    private void Append(object?[] items)
    {
        if (_stack[^1] is List<object?> list)
        {
            list.AddRange(items);
        }
    }

    private void Fill(object?[] pairs)
    {
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            ((PickledDictionary)_stack[^1]!).Add(pairs[i], pairs[i + 1]);
        }
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Pop()
    {
        var last = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return last;
    }

    private object?[] Last(int count)
    {
        object?[] items = [.. _stack.GetRange(_stack.Count - count, count)];
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        var items = Last(_stack.Count - 1 - _stack.LastIndexOf(Mark));
        Pop();
        return items;
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > program.Length - _at)
        {
            throw new InvalidDataException("its pickle ends too early.");
        }

        _at += (int)count;
        return program.AsSpan(_at - (int)count, (int)count);
    }

    private string Text(long count) => Encoding.UTF8.GetString(Take(count));

    private string Line()
    {
        var end = program.AsSpan(_at).IndexOf((byte)'\n');
        var text = Text(end < 0 ? long.MaxValue : end);
        Take(1);
        return text;
    }
}
