namespace BackdoorLab.Engine.Weights;

/// <summary>
/// Named tensors in a file of somebody else: safetensors, or what <c>torch.save</c> wrote. Nothing in the file is
/// believed and nothing of it is run: sizes are checked before memory is asked for, and of what a pickle would call
/// only the makers of tensors are understood.
/// </summary>
public sealed class WeightFile : IDisposable
{
    private const string HowToSave =
        "Save the weights where the model is: torch.save(model.state_dict(), 'model.pth'), or safetensors.torch.save_file(model.state_dict(), 'model.safetensors').";

    private const string TorchScript = "TorchScript";

    private readonly IDisposable _source;

    internal WeightFile(
        string format,
        IReadOnlyList<WeightEntry> entries,
        IReadOnlyList<string> uncalled,
        IDisposable source
    ) => (Format, Entries, Uncalled, _source) = (format, entries, uncalled, source);

    /// <summary>What the file is, in words.</summary>
    public string Format { get; }

    /// <summary>Whether it holds a program beside its weights (<c>torch.jit.save</c>).</summary>
    public bool HasProgram => IsProgram(Format);

    /// <summary>Its state dicts, the likeliest to be the network first; never empty.</summary>
    public IReadOnlyList<WeightEntry> Entries { get; }

    /// <summary>
    /// What Python would have called to open it beside the makers of tensors; nothing of it was called, and what it
    /// would have made is left out.
    /// </summary>
    public IReadOnlyList<string> Uncalled { get; }

    /// <summary>Tensors of the first entry, as they are called in the file.</summary>
    public IReadOnlyList<StoredTensor> Tensors => Entries[0].Tensors;

    /// <summary>Weights and statistics in the first entry.</summary>
    public long Numbers => Tensors.Where(tensor => tensor.IsFloat).Sum(tensor => tensor.Count);

    internal static bool IsProgram(string format) => format == TorchScript;

    internal static string FormatOf(bool program) => program ? TorchScript : "PyTorch state dict";

    /// <summary>How to make a file that can be read.</summary>
    internal static string Remedy => HowToSave;

    /// <summary>
    /// Opens a file by its content, whatever it is called; dispose it when its numbers have been read.
    /// </summary>
    /// <exception cref="WeightFileException">It is of another kind, damaged, asks for too much, or has no
    /// weights.</exception>
    /// <exception cref="IOException">The disk does not give it.</exception>
    public static WeightFile Open(string path)
    {
        var stream = File.OpenRead(path);
        try
        {
            return WeightFileException.Guard(() => Open(stream));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private static WeightFile Open(FileStream stream)
    {
        var buffer = new byte[ForeignFiles.HeadBytes];
        var head = buffer.AsSpan(0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        stream.Position = 0;
        return head.StartsWith("PK\u0003\u0004"u8) || head.StartsWith("PK\u0005\u0006"u8) ? TorchArchive.Open(stream)
            : SafetensorsFile.Looks(head) ? SafetensorsFile.Open(stream)
            : throw new WeightFileException(ForeignFiles.Say(head));
    }
}
