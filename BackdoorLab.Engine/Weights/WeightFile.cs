namespace BackdoorLab.Engine.Weights;

/// <summary>
/// Named tensors in a file of somebody else: safetensors, or a state dict of <c>torch.save</c>. Nothing in the file is believed and nothing
/// of it is run: sizes are checked before memory is asked for, and a pickle may name nothing but what a state dict needs.
/// </summary>
public sealed class WeightFile : IDisposable
{
    private const string HowToSave = "Save the weights where the model is: torch.save(model.state_dict(), 'model.pth'), or safetensors.torch.save_file(model.state_dict(), 'model.safetensors').";

    private readonly IDisposable _source;

    internal WeightFile(string format, IReadOnlyList<StoredTensor> tensors, IDisposable source) => (Format, Tensors, _source) = (format, tensors, source);

    /// <summary>Endings of the files that can be read.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".safetensors", ".pth", ".pt"];

    /// <summary>What the file is, in words.</summary>
    public string Format { get; }

    /// <summary>Its tensors, as they are called in the file.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Weights and statistics in it.</summary>
    public long Numbers => Tensors.Where(tensor => tensor.IsFloat).Sum(tensor => tensor.Count);

    /// <summary>How to make a file that can be read.</summary>
    internal static string Remedy => HowToSave;

    /// <summary>Opens a file by its content, whatever it is called; dispose it when its numbers have been read.</summary>
    /// <exception cref="WeightFileException">It is of another kind, damaged, or asks to run code.</exception>
    public static WeightFile Open(string path)
    {
        var stream = File.OpenRead(path);
        try
        {
            return Open(stream);
        }
        catch (Exception error)
        {
            stream.Dispose();
            if (error is InvalidDataException or EndOfStreamException or OverflowException)
            {
                throw new WeightFileException($"The file is damaged or was not copied to its end: {error.Message} Copy it again.", error);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private static WeightFile Open(FileStream stream)
    {
        var head = new byte[16];
        var length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        if (head.AsSpan().StartsWith("PK\u0003\u0004"u8))
        {
            return TorchArchive.Open(stream);
        }

        if (SafetensorsFile.Looks(head.AsSpan(0, length)))
        {
            return SafetensorsFile.Open(stream);
        }

        // ONNX is a protocol buffer that begins with its version; a pickle begins with 0x80 and its version.
        throw new WeightFileException(head switch
        {
            _ when length == 0 => "The file is empty. Copy it again.",
            [0x80, <= 5, ..] => "The file is a bare pickle, as torch.save wrote it before version 1.6; pickles of that form are not read. "
                + "Save it again with a later version: torch.save(torch.load('old.pth', weights_only=True), 'model.pth').",
            [0x89, (byte)'H', (byte)'D', (byte)'F', ..] => $"The file is HDF5, as Keras writes it; only networks of this program's catalog, trained in PyTorch or here, can be checked. {HowToSave}",
            [0x08, < 20, ..] => $"The file looks like ONNX, which holds a graph and not the weights of a known network. {HowToSave}",
            _ => $"The file is neither safetensors nor a state dict of torch.save. {HowToSave}",
        });
    }
}
