using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

/// <summary>Shapes, seeded networks and images that the contract tests share.</summary>
internal static class SmallModels
{
    internal static ClassifierShape Shape(int channels = 3, int side = 32, int classes = 10) =>
        new(
            channels,
            side,
            side,
            classes,
            new Normalization([.. Enumerable.Repeat(0.45f, channels)], [.. Enumerable.Repeat(0.25f, channels)])
        );

    internal static Classifier Build(string id, ClassifierShape shape, int seed = 1)
    {
        random.manual_seed(seed);
        return Woken(((ModelSource)MethodCatalog.Default.Find(id)!.CreateDefault()).Build(shape));
    }

    /// <summary>Architectures whose default takes images of 28 pixels a side, by id.</summary>
    internal static IEnumerable<string> Architectures =>
        MethodCatalog
            .Default.Offered(typeof(ModelSource))
            .Where(method => ((ModelSource)method.CreateDefault()).SmallestSide <= 28)
            .Select(method => method.Id);

    /// <summary>
    /// In evaluation mode, and with values in weights that start at zero, as head and class token of a transformer do:
    /// the one would hide everything before it, the other be lost among the patches in a range of eight bits.
    /// </summary>
    internal static Classifier Woken(Classifier model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var zero = model
            .named_parameters()
            .Where(entry =>
                !entry.name.EndsWith("bias", StringComparison.Ordinal)
                && entry.parameter.count_nonzero().item<long>() == 0
            );
        foreach (var (_, parameter) in zero)
        {
            nn.init.normal_(parameter, 0, parameter.dim() == 2 ? 1 / Math.Sqrt(parameter.shape[1]) : 1);
        }

        model.eval();
        return model;
    }

    /// <summary>
    /// A seeded network after a few training-mode passes, so that its running statistics are not the initial ones.
    /// </summary>
    internal static Classifier Settled(string id, ClassifierShape shape)
    {
        return Settled(Build(id, shape));
    }

    /// <summary>The same of a network that is there.</summary>
    internal static Classifier Settled(Classifier model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.train();
        for (var i = 0; i < 4; i++)
        {
            model.call(Images(model.Shape, 16, seed: 50 + i));
        }

        model.eval();
        return model;
    }

    internal static Tensor Images(ClassifierShape shape, int count, int seed = 7)
    {
        var random = new SeedTree(seed).Random();
        var values = new float[count * shape.Channels * shape.Height * shape.Width];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle();
        }

        return tensor(values, [count, shape.Channels, shape.Height, shape.Width]);
    }

    internal static ImageSet ImageSet(ClassifierShape shape, int count, int seed = 3)
    {
        var random = new SeedTree(seed).Random();
        var pixels = new byte[count * shape.Channels * shape.Height * shape.Width];
        random.NextBytes(pixels);
        var labels = Enumerable.Range(0, count).Select(i => i % shape.Classes).ToArray();
        return new ImageSet(
            pixels,
            labels,
            shape.Channels,
            shape.Height,
            shape.Width,
            [.. Enumerable.Range(0, shape.Classes).Select(i => $"class {i}")]
        );
    }

    internal static double LargestDifference(Tensor a, Tensor b) =>
        (a.to(ScalarType.Float64) - b.to(ScalarType.Float64)).abs().max().item<double>();
}
