using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// What a file holds without its numbers: enough to find out which network it is, small enough to be passed between
/// processes.
/// </summary>
/// <param name="Format">What the file is, in words.</param>
/// <param name="Entries">Its state dicts, the likeliest first.</param>
/// <param name="Uncalled">See <see cref="WeightFile.Uncalled"/>.</param>
public sealed record WeightListing(string Format, IReadOnlyList<ListedEntry> Entries, IReadOnlyList<string> Uncalled)
{
    private const int MostTensors = 20_000;
    private const int MostUncalled = 20;

    /// <summary>See <see cref="WeightFile.HasProgram"/>.</summary>
    [JsonIgnore]
    public bool HasProgram => WeightFile.IsProgram(Format);

    /// <summary>Of a file that is open.</summary>
    /// <exception cref="WeightFileException">It has more tensors than any network here.</exception>
    public static WeightListing Of(WeightFile file)
    {
        var count = file.Entries.Sum(entry => entry.Tensors.Count);
        return count > MostTensors
            ? throw new WeightFileException(
                $"The file has {count} tensors; no network of the catalog has more than a few hundred, and {MostTensors} are the most that are looked at. {WeightFile.Remedy}"
            )
            : new(
                file.Format,
                [
                    .. file.Entries.Select(entry => new ListedEntry(
                        Shortened.Text(entry.Name, PickleBudget.MostLetters),
                        [.. entry.Tensors.Select(tensor => new ListedTensor(tensor.Name, tensor.Type, tensor.Shape))]
                    )),
                ],
                [.. file.Uncalled.Take(MostUncalled).Select(name => Shortened.Text(name))]
            );
    }

    /// <summary>A file of which only this is known: its tensors have names and sizes, and no numbers.</summary>
    public WeightFile Unread() =>
        new(
            Format,
            [
                .. Entries.Select(entry => new WeightEntry(
                    entry.Name,
                    [
                        .. entry.Tensors.Select(tensor => new StoredTensor(
                            tensor.Name,
                            tensor.Type,
                            [.. tensor.Shape],
                            NoNumbers
                        )),
                    ]
                )),
            ],
            Uncalled,
            Stream.Null
        );

    private static byte[] NoNumbers() =>
        throw new InvalidOperationException("The numbers of a listing stayed in its file.");
}

/// <summary>A state dict of a <see cref="WeightListing"/>.</summary>
/// <param name="Name">Keys that lead to it; empty for the outermost one.</param>
/// <param name="Tensors">Its tensors.</param>
public sealed record ListedEntry(string Name, IReadOnlyList<ListedTensor> Tensors);

/// <summary>A tensor of a <see cref="WeightListing"/>.</summary>
/// <param name="Name">Name in its state dict.</param>
/// <param name="Type">How its numbers are written.</param>
/// <param name="Shape">Its size.</param>
public sealed record ListedTensor(string Name, ElementType Type, IReadOnlyList<long> Shape);
