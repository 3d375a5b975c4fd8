using System.Buffers.Binary;
using System.Text;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// The part of Python's pickle language (protocols 2 to 5) that describes data: numbers, text, bytes, lists, tuples and
/// dictionaries. A pickle is a program, and running it in Python runs whatever it names; here a name is looked up among
/// those the reader of a format knows, and the first other one ends the reading before anything was made of it. Objects
/// are counted, so a small file cannot ask for much memory.
/// </summary>
/// <remarks>
/// What comes out: <c>null</c>, <c>bool</c>, <c>long</c>, <c>double</c>, <c>string</c>, <see cref="ReadOnlyMemory{T}"/>
/// of bytes (views of the file; Python 2's strings too), <c>object?[]</c> for tuples, <see cref="List{T}"/>,
/// <see cref="Dictionary{TKey, TValue}"/> with text keys (byte strings by their Latin-1 letters), and whatever
/// <paramref name="names"/> makes.
/// </remarks>
/// <param name="program">The pickle.</param>
/// <param name="names">What it may name.</param>
/// <param name="mostObjects">Most objects that it may put together.</param>
public sealed class PlainPickle(ReadOnlyMemory<byte> program, IPickleNames names, int mostObjects)
{
    private static readonly object Mark = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;
    private int _objects;

    /// <summary>What the pickle describes.</summary>
    /// <exception cref="InvalidDataException">It is damaged, names something unknown, or asks for too much; the message
    /// ends a sentence about the file.</exception>
    public object? Load()
    {
        try
        {
            while (true)
            {
                var instruction = Take(1).Span[0];
                if (instruction == '.')
                {
                    return Pop();
                }

                Run(instruction);
            }
        }
        catch (Exception error)
            when (error
                    is InvalidCastException
                        or ArgumentException
                        or KeyNotFoundException
                        or NullReferenceException
                        or IndexOutOfRangeException
            )
        {
            throw new InvalidDataException("its pickle makes no sense.", error);
        }
    }

    private void Run(byte instruction)
    {
        switch (instruction)
        {
            case 0x80:
                Take(1);
                break;
            case 0x95:
                Take(8);
                break;
            case (byte)'(':
                Push(Mark);
                break;
            case (byte)'0':
                Pop();
                break;
            case (byte)'1':
                PopToMark();
                break;
            case (byte)'2':
                Push(_stack[^1]);
                break;
            case (byte)'N':
                Push(null);
                break;
            case 0x88:
                Push(true);
                break;
            case 0x89:
                Push(false);
                break;
            case (byte)'K':
                Push((long)Take(1).Span[0]);
                break;
            case (byte)'M':
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span));
                break;
            case (byte)'J':
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span));
                break;
            case 0x8a:
                Push(Whole(Take(Take(1).Span[0]).Span));
                break;
            case (byte)'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8).Span));
                break;
            case (byte)'X':
                Push(Text(Length4()));
                break;
            case 0x8c:
                Push(Text(Take(1).Span[0]));
                break;
            case 0x8d:
                Push(Text(Length8()));
                break;
            case (byte)'U' or (byte)'C':
                Push(Take(Take(1).Span[0]));
                break;
            case (byte)'T' or (byte)'B':
                Push(Take(Length4()));
                break;
            case 0x8e or 0x96:
                Push(Take(Length8()));
                break;
            case (byte)')':
                Push(Array.Empty<object?>());
                break;
            case (byte)'t':
                Push(PopToMark());
                break;
            case 0x85:
                Push(Last(1));
                break;
            case 0x86:
                Push(Last(2));
                break;
            case 0x87:
                Push(Last(3));
                break;
            case (byte)']':
                Push(new List<object?>());
                break;
            case (byte)'}':
                Push(new Dictionary<string, object?>());
                break;
            case (byte)'a':
                Append([Pop()]);
                break;
            case (byte)'e':
                Append(PopToMark());
                break;
            case (byte)'s':
                Fill(Last(2));
                break;
            case (byte)'u':
                Fill(PopToMark());
                break;
            case (byte)'q':
                Keep(Take(1).Span[0]);
                break;
            case (byte)'r':
                Keep(Length4());
                break;
            case 0x94:
                Keep(_memo.Count);
                break;
            case (byte)'h':
                Push(_memo[Take(1).Span[0]]);
                break;
            case (byte)'j':
                Push(_memo[Length4()]);
                break;
            case (byte)'c':
                var module = Line();
                Push(Named(module, Line()));
                break;
            case 0x93:
                var parts = Last(2);
                Push(Named((string)parts[0]!, (string)parts[1]!));
                break;
            case (byte)'R' or 0x81:
                var call = Last(2);
                Push(names.Make((PickleName)call[0]!, (object?[])call[1]!));
                break;
            case (byte)'b':
                var state = Pop();
                names.Fill(_stack[^1]!, state);
                break;
            default:
                throw new InvalidDataException(
                    $"its pickle has an instruction (0x{instruction:x2}) that plain data do not need; it was not followed."
                );
        }
    }

    private PickleName Named(string module, string name) =>
        names.Knows(module, name)
            ? new(module, name)
            : throw new InvalidDataException(
                $"to open it Python would have to call {Short(module)}.{Short(name)}; nothing of it was run."
            );

    private static string Short(string name) => name.Length <= 60 ? name : name[..60] + "...";

    private static long Whole(ReadOnlySpan<byte> digits)
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

    private void Append(object?[] items) => ((List<object?>)_stack[^1]!).AddRange(items);

    private void Fill(object?[] pairs)
    {
        var dictionary = (Dictionary<string, object?>)_stack[^1]!;
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            dictionary[
                pairs[i] is ReadOnlyMemory<byte> bytes ? Encoding.Latin1.GetString(bytes.Span) : (string)pairs[i]!
            ] = pairs[i + 1];
        }
    }

    private void Keep(long number)
    {
        Count();
        _memo[number] = _stack[^1];
    }

    private void Push(object? value)
    {
        Count();
        _stack.Add(value);
    }

    private void Count()
    {
        if (++_objects > mostObjects)
        {
            throw new InvalidDataException(
                FormattableString.Invariant($"its pickle puts together more than {mostObjects:N0} objects.")
            );
        }
    }

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

    private ReadOnlyMemory<byte> Take(long count)
    {
        if (count < 0 || count > program.Length - _at)
        {
            throw new InvalidDataException("its pickle ends too early.");
        }

        _at += (int)count;
        return program.Slice(_at - (int)count, (int)count);
    }

    private long Length4() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span);

    private long Length8() => BinaryPrimitives.ReadInt64LittleEndian(Take(8).Span);

    private string Text(long count) => Encoding.UTF8.GetString(Take(count).Span);

    private string Line()
    {
        var end = program.Span[_at..].IndexOf((byte)'\n');
        var text = Text(end < 0 ? long.MaxValue : end);
        Take(1);
        return text;
    }
}

/// <summary>Something that a pickle names.</summary>
/// <param name="Module">Python module.</param>
/// <param name="Name">Name in it.</param>
public sealed record PickleName(string Module, string Name);

/// <summary>The names that pickles of one format need, and what stands for them here.</summary>
public interface IPickleNames
{
    /// <summary>Whether a pickle may name this.</summary>
    bool Knows(string module, string name);

    /// <summary>What calling a known name gives.</summary>
    /// <exception cref="InvalidDataException">Not with these arguments.</exception>
    object? Make(PickleName name, object?[] arguments);

    /// <summary>Gives something made earlier its state.</summary>
    /// <exception cref="InvalidDataException">Not this state.</exception>
    void Fill(object made, object? state);
}
