using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// Python's pickle language, read and never run. A pickle is a program that may call anything by name; this machine makes strings, numbers,
/// lists, tuples, dictionaries and tensors of it, and for every other call a value that stands for "not called" (<see cref="PickledOpaque"/>).
/// What it makes is paid from a budget, tuples and strings that are used again are shared, and nothing in it calls itself.
/// </summary>
/// <param name="program">The pickle.</param>
internal sealed class StatePickle(byte[] program)
{
    private const int Slot = 16;
    private const int Instance = 40;
    private static readonly object[] SmallNumbers = [.. Enumerable.Range(0, 1024).Select(number => (object)(long)number)];
    private static readonly object Yes = true;
    private static readonly object No = false;

    private readonly PickleBudget _budget = new();
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private readonly HashSet<PickledName> _uncalled = [];
    private int _at;

    /// <summary>What Python would have called beside the makers of tensors, in no order; at most a few hundred.</summary>
    internal IReadOnlyCollection<PickledName> Uncalled => _uncalled;

    // Below it lie the values of an enclosing list, which an instruction may not take.
    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    /// <summary>What the pickle describes.</summary>
    /// <exception cref="WeightFileException">It asks for too much, or is of a kind that is not read.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal object? Load()
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

    private static InvalidDataException Nonsense() => new("its pickle makes no sense.");

    private void Run(char instruction)
    {
        switch (instruction)
        {
            case '\u0080': Take(1); break;
            case '\u0095': Take(8); break;
            case '(': _budget.Spend(Slot); _marks.Add(_stack.Count); break;
            case '0': if (_stack.Count > Floor) { Pop(); } else { Unmark(); } break;
            case '1': PopToMark(); break;
            case '2': Push(Top); break;
            case 'N': Push(null); break;
            case '\u0088': Push(Yes); break;
            case '\u0089': Push(No); break;
            case 'K': Whole(Take(1)[0]); break;
            case 'M': Whole(BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 'J': Whole(BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case '\u008a': Digits(Take(Take(1)[0])); break;
            case '\u008b': Digits(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4)))); break;
            case 'I' or 'L': Written(Line()); break;
            case 'G': Made(BinaryPrimitives.ReadDoubleBigEndian(Take(8)), Instance); break;
            case 'F': Made(double.TryParse(Line(), CultureInfo.InvariantCulture, out var number) ? number : throw Nonsense(), Instance); break;
            case 'X': Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case '\u008c' or 'U': Text(Take(1)[0]); break;
            case '\u008d': Text(BinaryPrimitives.ReadInt64LittleEndian(Take(8))); break;
            case 'T': Text(BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case 'V': Made(Line(), Instance); break;
            case 'S': Made(Line().Trim('\'', '"'), Instance); break;
            case 'C': Data(Take(1)[0]); break;
            case 'B': Data(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case '\u008e' or '\u0096': Data(BinaryPrimitives.ReadInt64LittleEndian(Take(8))); break;
            case '\u0097': Push(PickledOpaque.Data); break;
            case '\u0098': break;
            case ')': Push(Array.Empty<object?>()); break;
            case 't': Push(PopToMark()); break;
            case '\u0085': Push(Last(1)); break;
            case '\u0086': Push(Last(2)); break;
            case '\u0087': Push(Last(3)); break;
            case ']': Made(new List<object?>(), Instance); break;
            case 'l': Push(new List<object?>(PopToMark())); break;
            case '}': Made(new PickledDictionary(), Instance); break;
            case 'd': var pairs = PopToMark(); Made(new PickledDictionary(), Instance); Fill(pairs); break;
            case '\u008f': Push(PickledOpaque.Data); break;
            case '\u0090': PopToMark(); break;
            case '\u0091': PopToMark(); Push(PickledOpaque.Data); break;
            case 'a': Append(Last(1)); break;
            case 'e': Append(PopToMark()); break;
            case 's': Fill(Last(2)); break;
            case 'u': Fill(PopToMark()); break;
            case 'p': Remember(Number(Line())); break;
            case 'q': Remember(Take(1)[0]); break;
            case 'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case '\u0094': Remember(_memo.Count); break;
            case 'g': Recall(Number(Line())); break;
            case 'h': Recall(Take(1)[0]); break;
            case 'j': Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 'c': Made(new PickledName(Line(), Line()), Instance); break;
            case '\u0093': var parts = Last(2); Made(parts is [string module, string name] ? new PickledName(module, name) : throw Nonsense(), Instance); break;
            case 'R' or '\u0081': var call = Last(2); Call(call[0], call[1] as object?[] ?? throw Nonsense()); break;
            case '\u0092': var keyed = Last(3); Call(keyed[0], keyed[1] as object?[] ?? throw Nonsense()); break;
            case 'i': var named = new PickledName(Line(), Line()); Call(named, PopToMark()); break;
            case 'o': var made = PopToMark(); Call(made.Length > 0 ? made[0] : throw Nonsense(), made[1..]); break;
            case 'b': Build(Pop()); break;
            case 'P': Line(); Push(PickledOpaque.Data); break;
            case 'Q': Made(PickledCalls.Storage(Pop()), Instance); break;
            case '\u0082': Take(1); Push(PickledOpaque.Data); break;
            case '\u0083': Take(2); Push(PickledOpaque.Data); break;
            case '\u0084': Take(4); Push(PickledOpaque.Data); break;
            default: throw new InvalidDataException($"its pickle has an instruction (0x{(int)instruction:x2}) that there is not.");
        }
    }

    private void Call(object? callee, object?[] arguments)
    {
        _budget.Spend(Instance + (2 * PickleBudget.MostAxes * (arguments.Length > 0 ? 1 : 0)));
        var made = PickledCalls.Make(callee, arguments, _budget);
        if (made is PickledOpaque { Maker: { } maker } && _uncalled.Count < 256)
        {
            _uncalled.Add(maker);
        }

        Push(made);
    }

    // Attributes of an object: a state dict's versions, which nothing here needs, or the layers of a whole network.
    private void Build(object? state)
    {
        if (Top is PickledOpaque { Maker: { } maker } target && state is PickledDictionary attributes)
        {
            target.IsModule = attributes.Entries.Any(entry => entry.Key is "_modules" or "_parameters");
            target.Attributes = maker.Module.StartsWith("__torch__", StringComparison.Ordinal) ? attributes : null;
        }
    }

    private void Append(object?[] items)
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

    private void Fill(object?[] pairs)
    {
        if (pairs.Length % 2 != 0 || Top is not (PickledDictionary or PickledOpaque))
        {
            throw Nonsense();
        }

        for (var i = 0; i < pairs.Length; i += 2)
        {
            _budget.Spend(Slot);
            (Top as PickledDictionary)?.Add(pairs[i], pairs[i + 1]);
        }
    }

    private object? Top => _stack.Count > Floor ? _stack[^1] : throw Nonsense();

    private void Push(object? value)
    {
        _budget.Spend(Slot);
        _stack.Add(value);
    }

    private void Made(object? value, int bytes)
    {
        _budget.Spend(bytes);
        Push(value);
    }

    private object? Pop()
    {
        var last = Top;
        _stack.RemoveAt(_stack.Count - 1);
        return last;
    }

    private object?[] Last(int count) => _stack.Count - count >= Floor ? From(_stack.Count - count) : throw Nonsense();

    private object?[] PopToMark()
    {
        var items = From(Floor);
        Unmark();
        return items;
    }

    private object?[] From(int start)
    {
        _budget.Spend(Instance);
        object?[] items = [.. _stack.GetRange(start, _stack.Count - start)];
        _stack.RemoveRange(start, items.Length);
        return items;
    }

    private void Unmark()
    {
        if (_marks.Count == 0)
        {
            throw Nonsense();
        }

        _marks.RemoveAt(_marks.Count - 1);
    }

    private void Remember(long place)
    {
        _budget.Spend(3 * Slot);
        _memo[place] = Top;
    }

    private void Recall(long place) => Push(_memo.TryGetValue(place, out var value) ? value : throw Nonsense());

    private void Whole(long number)
    {
        if (number >= 0 && number < SmallNumbers.Length)
        {
            Push(SmallNumbers[number]);
        }
        else
        {
            Made(number, Instance);
        }
    }

    private void Digits(ReadOnlySpan<byte> digits)
    {
        if (digits.Length > 8)
        {
            Push(PickledOpaque.Data);
            return;
        }

        Span<byte> all = stackalloc byte[8];
        all.Fill(digits.Length > 0 && digits[^1] >= 0x80 ? (byte)0xff : (byte)0);
        digits.CopyTo(all);
        Whole(BinaryPrimitives.ReadInt64LittleEndian(all));
    }

    // Protocol 0 writes yes and no as 01 and 00.
    private void Written(string number)
    {
        if (number is "00" or "01")
        {
            Push(number == "01" ? Yes : No);
        }
        else
        {
            var whole = long.TryParse(number.TrimEnd('L'), CultureInfo.InvariantCulture, out var value);
            if (whole)
            {
                Whole(value);
            }
            else
            {
                Push(PickledOpaque.Data);
            }
        }
    }

    private static long Number(string text) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : throw Nonsense();

    private void Data(long count)
    {
        Take(count);
        Push(PickledOpaque.Data);
    }

    private void Text(long count)
    {
        var text = Take(count);
        if (count > PickleBudget.MostLetters)
        {
            Push(PickledOpaque.Data);
        }
        else
        {
            Made(Encoding.UTF8.GetString(text), Instance + (2 * (int)count));
        }
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

    private string Line()
    {
        var end = program.AsSpan(_at).IndexOf((byte)'\n');
        if (end > PickleBudget.MostLetters)
        {
            throw new InvalidDataException($"a name in its pickle has {end} letters.");
        }

        var text = Encoding.UTF8.GetString(Take(end < 0 ? long.MaxValue : end));
        Take(1);
        _budget.Spend(2 * text.Length);
        return text;
    }
}
