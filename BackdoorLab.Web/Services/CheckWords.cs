using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Web.Services;

/// <summary>What the page for model files offers and says.</summary>
public static class CheckWords
{
    /// <summary>Detectors by the rules of papers; those of released code are there to explain other people's numbers.</summary>
    public static IReadOnlyList<MethodDescriptor> Detectors { get; } =
        [.. MethodCatalog.Default.Offered(typeof(ModelDetector)).Where(method => ((Defense)method.CreateDefault()).ReleasedVariantOf is null)];

    /// <summary>Pixel scales in words.</summary>
    public static IReadOnlyList<(PixelScale Scale, string Text)> Scales { get; } =
    [
        (PixelScale.Automatic, "Automatic"), (PixelScale.Dataset, "The data set's mean and deviation"), (PixelScale.Unit, "Pixels in [0,1]"), (PixelScale.Half, "Mean and deviation 0.5"),
    ];

    /// <summary>Which files can be read, sentence by sentence.</summary>
    public static IReadOnlyList<string> Accepted { get; } =
    [
        ".safetensors, and .pth or .pt as torch.save(model.state_dict(), 'model.pth') writes them since PyTorch 1.6, also inside a dictionary under state_dict, net or model.",
        $"Networks of the catalog ({string.Join(", ", MethodCatalog.Default.Offered(typeof(ModelSource)).Select(method => method.Name))}); the names and shapes in the file tell which one it is.",
        "Float32; half, bfloat16 and double become float32.",
        "Not whole pickled models, TorchScript or ONNX: to open such a file is to run what is in it, or it holds a network that is not here. Save the state dict instead.",
    ];
}
