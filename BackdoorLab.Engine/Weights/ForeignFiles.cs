using System.Text;

namespace BackdoorLab.Engine.Weights;

/// <summary>Says what a file is that holds no weights which can be read, by its first bytes, and what to do.</summary>
internal static class ForeignFiles
{
    /// <summary>Bytes of a file's beginning that tell its kind.</summary>
    internal const int HeadBytes = 512;

    private static readonly string[] Models = [".pth", ".pt", ".bin", ".ckpt", ".tar", ".safetensors", ".t7"];

    /// <summary>What a file is, with the remedy.</summary>
    /// <param name="head">Its first bytes.</param>
    internal static string Say(ReadOnlySpan<byte> head)
    {
        var text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return head switch
        {
            [] => "The file is empty. Copy it again.",
            _ when text.StartsWith("version https://git-lfs", StringComparison.Ordinal) =>
                "The file is a Git-LFS pointer: a few lines that stand for the model, which Git did not fetch. Fetch it (git lfs pull) and choose the file again.",
            _ when IsPage(text) =>
                "The file is a web page and not a model: a download that asked for a confirmation or a sign-in saves its page under the model's name. Open the address in a browser and download the model itself.",

            // Torch 7 begins with the type of its first object as four bytes, 3 a torch object and 4 a table.
            [3 or 4, 0, 0, 0, _, 0, 0, 0, ..] =>
                $"The file looks like one of Lua Torch 7 (.t7), which is not read. Load it where it was made, or with a converter, and save the weights from PyTorch. {WeightFile.Remedy}",
            [0x80, <= 5, ..] =>
                "The file is a bare pickle, as torch.save wrote it before version 1.6; pickles of that form are not read. "
                    + "Save it again with a later version: torch.save(torch.load('old.pth', weights_only=True), 'model.pth').",
            [0x89, (byte)'H', (byte)'D', (byte)'F', ..] =>
                $"The file is HDF5, as Keras writes it; only networks of this program's catalog, trained in PyTorch or here, can be checked. {WeightFile.Remedy}",
            [0x1f, 0x8b, ..] =>
                "The file is packed with gzip. Unpack it (gunzip, or tar xzf) and choose the file in it.",
            [(byte)'B', (byte)'Z', (byte)'h', ..]
            or [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', ..]
            or [0x28, 0xb5, 0x2f, 0xfd, ..]
            or [(byte)'7', (byte)'z', 0xbc, 0xaf, ..]
            or [(byte)'R', (byte)'a', (byte)'r', (byte)'!', ..] =>
                "The file is a packed archive. Unpack it and choose the model file in it.",
            _ when head.Length > 262 && head[257..262].SequenceEqual("ustar"u8) =>
                "The file is a tar archive. Unpack it (tar xf) and choose the model file in it; what torch.save writes under the name .pth.tar is no tar archive and can be chosen as it is.",
            [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..] =>
                $"The file is an array of NumPy (.npy) and not the weights of a PyTorch network. {WeightFile.Remedy}",
            [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..] =>
                $"The file is GGUF, which holds language models. {WeightFile.Remedy}",
            _ when head.Length > 8 && head[4..8].SequenceEqual("TFL3"u8) =>
                $"The file is TensorFlow Lite; only networks of this program's catalog, trained in PyTorch or here, can be checked. {WeightFile.Remedy}",

            // Protocol buffers: ONNX begins with its version and its producer, a SavedModel with its schema version and
            // a graph.
            [0x08, 1, 0x12, ..] =>
                $"The file looks like a SavedModel of TensorFlow, which holds a graph; only networks of this program's catalog, trained in PyTorch or here, can be checked. {WeightFile.Remedy}",
            [0x08, < 20, ..] =>
                $"The file looks like ONNX, which holds a graph and not the weights of a known network. {WeightFile.Remedy}",
            _ => $"The file is neither safetensors nor a state dict of torch.save. {WeightFile.Remedy}",
        };
    }

    /// <summary>What a zip archive without a <c>data.pkl</c> is.</summary>
    /// <param name="names">Names of its entries.</param>
    internal static string Zip(IReadOnlyList<string> names)
    {
        var inner = names.FirstOrDefault(name => Models.Contains(Path.GetExtension(name).ToLowerInvariant()));
        return names switch
        {
            _ when inner is not null =>
                $"The file is a zip archive with a model file in it ('{Core.Shortened.Text(inner)}'). Unpack it and choose that file.",
            _ when names.Any(name => name.EndsWith(".npy", StringComparison.Ordinal)) =>
                $"The file is a zip archive of NumPy arrays (.npz) and not the weights of a PyTorch network. {WeightFile.Remedy}",
            _ when names.Any(name => name.EndsWith("model.weights.h5", StringComparison.Ordinal)) =>
                $"The file is a Keras model (.keras); only networks of this program's catalog, trained in PyTorch or here, can be checked. {WeightFile.Remedy}",
            _ when names.Any(name => name.EndsWith("saved_model.pb", StringComparison.Ordinal)) =>
                $"The file is a zip archive with a SavedModel of TensorFlow; only networks of this program's catalog, trained in PyTorch or here, can be checked. {WeightFile.Remedy}",
            [] => "The file is an empty zip archive. Copy it again.",
            _ =>
                $"The zip archive is no state dict of torch.save: it has no data.pkl, but {Core.Shortened.List(names)}. {WeightFile.Remedy}",
        };
    }

    private static bool IsPage(string text) =>
        new[] { "<!doctype html", "<html", "<head", "<?xml", "<body", "<!--" }.Any(start =>
            text.StartsWith(start, StringComparison.OrdinalIgnoreCase)
        );
}
