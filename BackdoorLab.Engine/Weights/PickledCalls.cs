namespace BackdoorLab.Engine.Weights;

/// <summary>
/// The calls by which PyTorch describes tensors, answered without calling anything. Every other call gives a value that
/// is not read (<see cref="PickledOpaque"/>).
/// </summary>
internal static class PickledCalls
{
    private const string Utilities = "torch._utils";

    private static readonly Dictionary<string, (ElementType Type, int Size)> Storages = new()
    {
        ["FloatStorage"] = (ElementType.Float32, 4),
        ["DoubleStorage"] = (ElementType.Float64, 8),
        ["HalfStorage"] = (ElementType.Float16, 2),
        ["BFloat16Storage"] = (ElementType.BFloat16, 2),
        ["LongStorage"] = (ElementType.Int64, 8),
        ["IntStorage"] = (ElementType.Int32, 4),
        ["ShortStorage"] = (ElementType.Int16, 2),
        ["CharStorage"] = (ElementType.Byte, 1),
        ["ByteStorage"] = (ElementType.Byte, 1),
        ["BoolStorage"] = (ElementType.Byte, 1),
        ["UntypedStorage"] = (ElementType.Byte, 1),
        ["QInt8Storage"] = (ElementType.Byte, 1),
        ["QUInt8Storage"] = (ElementType.Byte, 1),
        ["QInt32Storage"] = (ElementType.Int32, 4),
        ["ComplexFloatStorage"] = (ElementType.Other, 8),
        ["ComplexDoubleStorage"] = (ElementType.Other, 16),
    };

    // Types that have no storage class of their own: their tensors name the type and lie in a storage of bytes.
    private static readonly Dictionary<string, (ElementType Type, int Size)> Types = new()
    {
        ["float32"] = (ElementType.Float32, 4),
        ["float64"] = (ElementType.Float64, 8),
        ["float16"] = (ElementType.Float16, 2),
        ["bfloat16"] = (ElementType.BFloat16, 2),
        ["int64"] = (ElementType.Int64, 8),
        ["uint64"] = (ElementType.Int64, 8),
        ["int32"] = (ElementType.Int32, 4),
        ["uint32"] = (ElementType.Int32, 4),
        ["int16"] = (ElementType.Int16, 2),
        ["uint16"] = (ElementType.Int16, 2),
        ["int8"] = (ElementType.Byte, 1),
        ["uint8"] = (ElementType.Byte, 1),
        ["bool"] = (ElementType.Byte, 1),
    };

    private static readonly HashSet<string> Copiers = ["_reconstructor", "__newobj__", "__newobj_ex__"];

    /// <summary>What a call gives.</summary>
    /// <param name="callee">What is called.</param>
    /// <param name="arguments">With what.</param>
    /// <param name="budget">Pays for what is made.</param>
    /// <exception cref="InvalidDataException">The arguments are none that PyTorch writes.</exception>
    internal static object? Make(object? callee, object?[] arguments, PickleBudget budget) =>
        callee switch
        {
            PickledName { Module: "collections", Name: "OrderedDict" } => Dictionary(arguments, budget),
            PickledName { Module: "collections", Name: "defaultdict" } => new PickledDictionary(),
            PickledName { Module: "torch", Name: "Size" } => arguments is [var sides] ? sides : throw Odd("a size"),
            PickledName { Module: Utilities, Name: var name } when name.Contains("qtensor", StringComparison.Ordinal) =>
                throw new WeightFileException(
                    "The file holds a quantized model. Save its weights before quantization."
                ),
            PickledName { Module: Utilities, Name: "_rebuild_tensor" or "_rebuild_tensor_v2" } => Tensor(
                arguments,
                null
            ),
            PickledName { Module: Utilities, Name: "_rebuild_tensor_v3" } => Tensor(
                arguments,
                arguments is [_, _, _, _, _, _, PickledName type, ..] ? type : throw Odd("a tensor")
            ),
            PickledName { Module: Utilities, Name: "_rebuild_parameter" or "_rebuild_parameter_with_state" } =>
                arguments is [PickledTensor or PickledOpaque, ..] ? arguments[0] : throw Odd("a parameter"),

            // A subclass of tensor: the inner call and its arguments, one level deep.
            PickledName { Module: "torch._tensor", Name: "_rebuild_from_type_v2" } => arguments
                is [PickledName { Module: Utilities } inner, _, object?[] given, ..]
                ? Make(inner, given, budget)
                : throw Odd("a tensor"),
            PickledName name when Copiers.Contains(name.Name) && arguments is [PickledName type, ..] =>
                new PickledOpaque(type),
            PickledName name => new PickledOpaque(name),
            PickledOpaque => PickledOpaque.Data,
            _ => throw new InvalidDataException("its pickle calls what cannot be called."),
        };

    /// <summary>('storage', kind, file, device, count), or what a network's class is saved with.</summary>
    internal static object Storage(object? identity) =>
        (identity as object?[]) switch
        {
            [
                "storage",
                PickledName { Module: "torch" or "torch.storage" } kind,
                string key,
                _,
                long
                and >= 0
                and var count,
                ..,
            ] when Storages.TryGetValue(kind.Name, out var type) => new PickledStorage(
                type.Type,
                type.Size,
                key,
                (long)count
            ),
            ["module", PickledName type, ..] => type,
            ["storage", PickledName, string, _, long, ..] => PickledOpaque.Data,
            _ => throw new InvalidDataException("its pickle refers to something that is no data of a tensor."),
        };

    private static object Tensor(object?[] arguments, PickledName? type)
    {
        if (arguments is [PickledOpaque, ..])
        {
            return PickledOpaque.Data;
        }

        if (arguments is not [PickledStorage storage, long offset, var shape, var strides, ..])
        {
            throw Odd("a tensor");
        }

        if (type is not null)
        {
            var (element, size) = Types.GetValueOrDefault(type.Name, (ElementType.Other, 1));
            storage = new(element, size, storage.Key, storage.Count * storage.Size / size);
        }

        return new PickledTensor(storage, offset, Sides(shape), Sides(strides));
    }

    private static long[] Sides(object? list)
    {
        var sides = list as IReadOnlyList<object?> ?? throw Odd("a tensor's shape");
        return sides.Count > PickleBudget.MostAxes
            ? throw new InvalidDataException(
                $"a tensor in it has {sides.Count} axes; {PickleBudget.MostAxes} are the most."
            )
            : [.. sides.Select(side => side is long number and >= 0 ? number : throw Odd("a tensor's shape"))];
    }

    // Python 2 writes a dictionary's content as pairs.
    private static PickledDictionary Dictionary(object?[] arguments, PickleBudget budget)
    {
        var made = new PickledDictionary();
        foreach (
            var pair in arguments is [IReadOnlyList<object?> pairs] ? pairs
            : arguments.Length == 0 ? []
            : throw Odd("a dictionary")
        )
        {
            budget.Spend(32);
            made.Add(pair is IReadOnlyList<object?> { Count: 2 } both ? both[0] : throw Odd("a dictionary"), both[1]);
        }

        return made;
    }

    private static InvalidDataException Odd(string what) => new($"{what} in it is not written as PyTorch writes one.");
}
