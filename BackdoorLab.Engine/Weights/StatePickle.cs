using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// Python's pickle language, read and never run. A pickle is a program that may call anything by name; this machine
/// makes strings, numbers, lists, tuples, dictionaries and tensors of it, and for every other call a value that stands
/// for "not called" (<see cref="PickledOpaque"/>). What it makes is paid from a budget, tuples and strings that are
/// used again are shared, and nothing in it calls itself.
/// </summary>
/// <param name="program">The pickle.</param>
internal sealed class StatePickle(byte[] program) : PickleStack
{
    private static readonly object[] SmallNumbers =
    [
        .. Enumerable.Range(0, 1024).Select(number => (object)(long)number),
    ];
    private static readonly object Yes = true;
    private static readonly object No = false;

    private readonly HashSet<PickledName> _uncalled = [];
    private int _at;

    /// <summary>
    /// What Python would have called beside the makers of tensors, in no order; at most a few hundred.
    /// </summary>
    internal IReadOnlyCollection<PickledName> Uncalled => _uncalled;

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

    private void Run(char instruction)
    {
        switch (instruction)
        {
            case '\u0080':
                Take(1);
                break;
            case '\u0095':
                Take(8);
                break;
            case '(':
                Mark();
                break;
            case '0':
                if (HasTop)
                {
                    Pop();
                }
                else
                {
                    Unmark();
                }
                break;
            case '1':
                PopToMark();
                break;
            case '2':
                Push(Top);
                break;
            case 'N':
                Push(null);
                break;
            case '\u0088':
                Push(Yes);
                break;
            case '\u0089':
                Push(No);
                break;
            case 'K':
                Whole(Take(1)[0]);
                break;
            case 'M':
                Whole(BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case 'J':
                Whole(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case '\u008a':
                Digits(Take(Take(1)[0]));
                break;
            case '\u008b':
                Digits(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4))));
                break;
            case 'I' or 'L':
                Written(Line());
                break;
            case 'G':
                Made(BinaryPrimitives.ReadDoubleBigEndian(Take(8)), Instance);
                break;
            case 'F':
                Made(
                    double.TryParse(Line(), CultureInfo.InvariantCulture, out var number) ? number : throw Nonsense(),
                    Instance
                );
                break;
            case 'X':
                Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case '\u008c' or 'U':
                Text(Take(1)[0]);
                break;
            case '\u008d':
                Text(BinaryPrimitives.ReadInt64LittleEndian(Take(8)));
                break;
            case 'T':
                Text(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case 'V':
                Made(Line(), Instance);
                break;
            case 'S':
                Made(Line().Trim('\'', '"'), Instance);
                break;
            case 'C':
                Data(Take(1)[0]);
                break;
            case 'B':
                Data(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case '\u008e' or '\u0096':
                Data(BinaryPrimitives.ReadInt64LittleEndian(Take(8)));
                break;
            case '\u0097':
                Push(PickledOpaque.Data);
                break;
            case '\u0098':
                break;
            case ')':
                Push(Array.Empty<object?>());
                break;
            case 't':
                Push(PopToMark());
                break;
            case '\u0085':
                Push(Last(1));
                break;
            case '\u0086':
                Push(Last(2));
                break;
            case '\u0087':
                Push(Last(3));
                break;
            case ']':
                Made(new List<object?>(), Instance);
                break;
            case 'l':
                Push(new List<object?>(PopToMark()));
                break;
            case '}':
                Made(new PickledDictionary(), Instance);
                break;
            case 'd':
                var pairs = PopToMark();
                Made(new PickledDictionary(), Instance);
                Fill(pairs);
                break;
            case '\u008f':
                Push(PickledOpaque.Data);
                break;
            case '\u0090':
                PopToMark();
                break;
            case '\u0091':
                PopToMark();
                Push(PickledOpaque.Data);
                break;
            case 'a':
                Append(Last(1));
                break;
            case 'e':
                Append(PopToMark());
                break;
            case 's':
                Fill(Last(2));
                break;
            case 'u':
                Fill(PopToMark());
                break;
            case 'p':
                Remember(Number(Line()));
                break;
            case 'q':
                Remember(Take(1)[0]);
                break;
            case 'r':
                Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case '\u0094':
                Remember();
                break;
            case 'g':
                Recall(Number(Line()));
                break;
            case 'h':
                Recall(Take(1)[0]);
                break;
            case 'j':
                Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case 'c':
                Made(new PickledName(Line(), Line()), Instance);
                break;
            case '\u0093':
                var parts = Last(2);
                Made(
                    parts is [string module, string name] ? new PickledName(module, name) : throw Nonsense(),
                    Instance
                );
                break;
            case 'R' or '\u0081':
                var call = Last(2);
                Call(call[0], call[1] as object?[] ?? throw Nonsense());
                break;
            case '\u0092':
                var keyed = Last(3);
                Call(keyed[0], keyed[1] as object?[] ?? throw Nonsense());
                break;
            case 'i':
                var named = new PickledName(Line(), Line());
                Call(named, PopToMark());
                break;
            case 'o':
                var made = PopToMark();
                Call(made.Length > 0 ? made[0] : throw Nonsense(), made[1..]);
                break;
            case 'b':
                Build(Pop());
                break;
            case 'P':
                Line();
                Push(PickledOpaque.Data);
                break;
            case 'Q':
                Made(PickledCalls.Storage(Pop()), Instance);
                break;
            case '\u0082':
                Take(1);
                Push(PickledOpaque.Data);
                break;
            case '\u0083':
                Take(2);
                Push(PickledOpaque.Data);
                break;
            case '\u0084':
                Take(4);
                Push(PickledOpaque.Data);
                break;
            default:
                throw new InvalidDataException(
                    $"its pickle has an instruction (0x{(int)instruction:x2}) that there is not."
                );
        }
    }

    private void Call(object? callee, object?[] arguments)
    {
        Budget.Spend(Instance + (2 * PickleBudget.MostAxes * (arguments.Length > 0 ? 1 : 0)));
        var made = PickledCalls.Make(callee, arguments, Budget);
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

    private static long Number(string text) =>
        long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : throw Nonsense();

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
        Budget.Spend(2 * text.Length);
        return text;
    }
}
