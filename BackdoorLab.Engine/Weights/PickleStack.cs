namespace BackdoorLab.Engine.Weights;

/// <summary>
/// The values that a pickle has made and not yet used, the marks between them, and those that it remembers by number;
/// each is paid for.
/// </summary>
internal abstract class PickleStack
{
    /// <summary>Bytes of a reference.</summary>
    protected const int Slot = 16;

    /// <summary>Bytes of a small object.</summary>
    protected const int Instance = 40;

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];

    /// <summary>What it may still make.</summary>
    protected PickleBudget Budget { get; } = new();

    /// <summary>Whether there is a value that an instruction may take.</summary>
    protected bool HasTop => _stack.Count > Floor;

    // Below it lie the values of an enclosing list, which an instruction may not take.
    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    protected static InvalidDataException Nonsense() => new("its pickle makes no sense.");

    protected void Mark()
    {
        Budget.Spend(Slot);
        _marks.Add(_stack.Count);
    }

    protected object? Top => HasTop ? _stack[^1] : throw Nonsense();

    protected void Push(object? value)
    {
        Budget.Spend(Slot);
        _stack.Add(value);
    }

    protected void Made(object? value, int bytes)
    {
        Budget.Spend(bytes);
        Push(value);
    }

    protected object? Pop()
    {
        var last = Top;
        _stack.RemoveAt(_stack.Count - 1);
        return last;
    }

    protected object?[] Last(int count) =>
        _stack.Count - count >= Floor ? From(_stack.Count - count) : throw Nonsense();

    protected object?[] PopToMark()
    {
        var items = From(Floor);
        Unmark();
        return items;
    }

    protected object?[] From(int start)
    {
        Budget.Spend(Instance);
        object?[] items = [.. _stack.GetRange(start, _stack.Count - start)];
        _stack.RemoveRange(start, items.Length);
        return items;
    }

    protected void Unmark()
    {
        if (_marks.Count == 0)
        {
            throw Nonsense();
        }

        _marks.RemoveAt(_marks.Count - 1);
    }

    protected void Remember() => Remember(_memo.Count);

    protected void Remember(long place)
    {
        Budget.Spend(3 * Slot);
        _memo[place] = Top;
    }

    protected void Recall(long place) => Push(_memo.TryGetValue(place, out var value) ? value : throw Nonsense());

    protected void Append(object?[] items)
    {
        if (Top is List<object?> list)
        {
            list.AddRange(items);
        }
        else if (Top is not PickledOpaque)
        {
            throw Nonsense();
        }
    }

    protected void Fill(object?[] pairs)
    {
        if (pairs.Length % 2 != 0 || Top is not (PickledDictionary or PickledOpaque))
        {
            throw Nonsense();
        }

        for (var i = 0; i < pairs.Length; i += 2)
        {
            Budget.Spend(Slot);
            (Top as PickledDictionary)?.Add(pairs[i], pairs[i + 1]);
        }
    }
}
