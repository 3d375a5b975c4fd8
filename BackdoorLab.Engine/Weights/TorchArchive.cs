using System.IO.Compression;
using System.Text;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// What <c>torch.save</c> writes since version 1.6: a zip with a pickle that names tensors, and a file for each
/// storage. The library TorchSharp.PyBridge was not taken: its unpickler turns unknown calls into dictionaries, asks
/// for as much memory as the file claims, and takes a storage that ends early for one filled with zeros.
/// </summary>
internal sealed class TorchArchive
{
    private const int MostEntries = 50_000;

    // torch.save does not compress; archives that were packed again are allowed as much as floats can shrink.
    private const long MostGrowth = 4;

    private readonly ZipArchive _zip;
    private readonly string _folder;
    private (string Key, byte[] Content)? _last;

    private TorchArchive(ZipArchive zip, string folder) => (_zip, _folder) = (zip, folder);

    internal static WeightFile Open(FileStream stream)
    {
        var zip = new ZipArchive(stream, ZipArchiveMode.Read);
        try
        {
            return Open(zip, stream.Length);
        }
        catch
        {
            zip.Dispose();
            throw;
        }
    }

    private static WeightFile Open(ZipArchive zip, long size)
    {
        if (
            zip.Entries.Count > MostEntries
            || zip.Entries.Aggregate(0L, (sum, entry) => checked(sum + entry.Length)) > MostGrowth * size
        )
        {
            throw new WeightFileException(
                $"The archive unpacks to far more than its {size} bytes, which no file of torch.save does; it was not opened."
            );
        }

        var pickles = zip.Entries.Where(entry => entry.Name == "data.pkl").ToList();
        if (pickles is not [{ Length: <= PickleBudget.MostPickleBytes } pickle])
        {
            throw new WeightFileException(
                pickles.Count == 0
                    ? ForeignFiles.Zip([.. zip.Entries.Select(entry => entry.FullName)])
                    : $"The zip archive is no state dict of torch.save: it has more than one data.pkl, or a huge one. {WeightFile.Remedy}"
            );
        }

        var archive = new TorchArchive(zip, pickle.FullName[..^"data.pkl".Length]);
        if (
            zip.GetEntry(archive._folder + "byteorder") is { Length: < 16 } order
            && Encoding.ASCII.GetString(ReadAll(order)) is "big"
        )
        {
            throw new WeightFileException(
                "The file was written on a big-endian machine; save it again on a little-endian one."
            );
        }

        var machine = new StatePickle(ReadAll(pickle));
        var root = machine.Load();
        var script = zip.Entries.Any(entry =>
            entry.Name == "constants.pkl"
            || entry.FullName.StartsWith(archive._folder + "code/", StringComparison.Ordinal)
        );
        WeightEntry[] entries =
        [
            .. (script ? [("", ScriptedObjects.Weights(root))] : PickledEntries.Of(root)).Select(
                entry => new WeightEntry(entry.Name, [.. archive.Tensors(entry.Content)])
            ),
        ];
        return new WeightFile(
            WeightFile.FormatOf(script),
            entries,
            script ? [] : [.. machine.Uncalled.Select(name => name.ToString()).Order(StringComparer.Ordinal)],
            zip
        );
    }

    private IEnumerable<StoredTensor> Tensors(PickledDictionary weights) =>
        from entry in weights.Entries
        where entry is { Key: string, Value: PickledTensor }
        select Tensor((string)entry.Key!, (PickledTensor)entry.Value!);

    private StoredTensor Tensor(string name, PickledTensor view)
    {
        var size = view.Storage.Size;
        var entry =
            _zip.GetEntry($"{_folder}data/{view.Storage.Key}")
            ?? throw new InvalidDataException($"the data of '{Shortened.Text(name)}' is not in it.");
        if (!Fits(view, entry.Length))
        {
            throw new InvalidDataException($"'{Shortened.Text(name)}' does not lie within its data.");
        }

        // A view may repeat its storage; only as much as a network really asks for is ever made.
        return new(name, view.Storage.Type, view.Shape, () => Gather(entry, view, size));
    }

    private static bool Fits(PickledTensor view, long bytes)
    {
        try
        {
            checked
            {
                var last = view
                    .Shape.Zip(view.Strides, (side, stride) => (side - 1) * stride)
                    .Aggregate(view.Offset, (sum, part) => sum + part);
                var count = view.Shape.Aggregate(1L, (product, side) => product * side);
                return view.Shape.Length == view.Strides.Length
                    && view.Offset >= 0
                    && bytes <= Array.MaxLength
                    && bytes == view.Storage.Count * view.Storage.Size
                    && count * view.Storage.Size <= Array.MaxLength
                    && (count == 0 || last < view.Storage.Count);
            }
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private byte[] Gather(ZipArchiveEntry entry, PickledTensor view, int size)
    {
        var storage = Storage(entry, view.Storage.Key);
        var result = new byte[view.Shape.Aggregate((long)size, (product, side) => product * side)];
        var place = new long[view.Shape.Length];
        for (var to = 0; to < result.Length; to += size)
        {
            var from = view.Offset;
            for (var axis = 0; axis < place.Length; axis++)
            {
                from += place[axis] * view.Strides[axis];
            }

            storage.AsSpan((int)(from * size), size).CopyTo(result.AsSpan(to));
            for (var axis = place.Length - 1; axis >= 0 && ++place[axis] == view.Shape[axis]; axis--)
            {
                place[axis] = 0;
            }
        }

        return result;
    }

    // Tensors that share a storage follow each other.
    private byte[] Storage(ZipArchiveEntry entry, string key)
    {
        if (_last?.Key != key)
        {
            _last = (key, ReadAll(entry));
        }

        return _last.Value.Content;
    }

    private static byte[] ReadAll(ZipArchiveEntry entry)
    {
        // The length that an archive states may be a lie: no more than that is read, and less is an error.
        var content = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(content);
        return content;
    }
}
