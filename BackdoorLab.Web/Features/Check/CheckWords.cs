using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Web.Features.Check;

/// <summary>What the page for model files offers and says.</summary>
public static class CheckWords
{
    /// <summary>
    /// Detectors by the rules of papers; those of released code are there to explain other people's numbers.
    /// </summary>
    public static IReadOnlyList<MethodDescriptor> Detectors { get; } =
    [
        .. MethodCatalog
            .Default.Offered(typeof(ModelDetector))
            .Where(method => ((Defense)method.CreateDefault()).ReleasedVariantOf is null),
    ];

    /// <summary>Pixel scales in words.</summary>
    public static IReadOnlyList<(PixelScale Scale, string Text)> Scales { get; } =
    [
        (PixelScale.Automatic, "Automatic"),
        (PixelScale.Dataset, "The data set's mean and standard deviation"),
        (PixelScale.Unit, "Pixels in [0,1]"),
        (PixelScale.Half, "Mean and standard deviation 0.5"),
    ];

    /// <summary>Which files can be read, sentence by sentence.</summary>
    public static IReadOnlyList<string> Accepted { get; } =
    [
        "What torch.save wrote since PyTorch 1.6, and safetensors, whatever the file is called (.pth, .pt, .pth.tar, .ckpt, .bin): a state dict, alone or under any key beside an optimizer and the like.",
        $"Networks of the catalog ({string.Join(", ", MethodCatalog.Default.Offered(typeof(ModelSource)).Select(method => method.Name))}); the names and shapes in the file tell which one it is. A normalising layer before it is used.",
        "Float32; half, bfloat16 and double become float32.",
        "TorchScript (torch.jit.save): as weights where they belong to a network of the catalog, else its program is run, whatever its architecture, if it returns logits. It gets a process that can write no file, make no connection, has 4 GB of memory and 60 seconds for an answer; it can still read files and compute what it likes, so take such files from people you know.",
        "Not whole pickled models or ONNX: to open such a file is to run what is in it, or it holds a network that is not here. Save the state dict, or TorchScript. Nothing in a pickle is called, and a process of its own reads it.",
    ];
}
