using System.Text.RegularExpressions;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tests.Models;
using BackdoorLab.Engine.Training;
using BackdoorLab.Engine.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Weights;

/// <summary>Which network of the catalog a file belongs to.</summary>
[Collection("torch")]
public sealed partial class ArchitecturesTests : IDisposable
{
    private static readonly DatasetShape Colour = new(3, 32, 32, 10, 0, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("architectures-").FullName;

    public static TheoryData<string> Networks => [.. SmallModels.Architectures];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Networks))]
    public void Find_WeightsOfAnyNetwork_NamesIt(string id)
    {
        var source = (ModelSource)MethodCatalog.Default.Find(id)!.CreateDefault();
        using var file = Saved(source);

        var fit = Architectures.Find(file, Colour, "a data set");

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal(source, fit.Source);
    }

    [Fact]
    public void Find_WidthOfASmallNet_IsFoundOut()
    {
        using var file = Saved(new ResNet8 { Width = 3 });

        Assert.Equal(new ResNet8 { Width = 3 }, Architectures.Find(file, Colour, "a data set").Source);
    }

    [Fact]
    public void Find_NamesOfOtherPrograms_AreUnderstood()
    {
        using var file = Saved(
            new ResNet8(),
            rename: name =>
                "module._orig_mod."
                + name.Replace("linear.", "fc.", StringComparison.Ordinal)
                    .Replace("shortcut.", "downsample.", StringComparison.Ordinal)
        );

        var fit = Architectures.Find(file, Colour, "a data set");

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal(
            "module._orig_mod.fc.weight",
            file.Tensors.Single(tensor => tensor.Name.EndsWith("fc.weight", StringComparison.Ordinal)).Name
        );
    }

    [Fact]
    public void Find_TorchvisionsNamesOfDenseNet_AreUnderstood()
    {
        // Its file is older than its module: norm.1 for norm1.
        using var file = Saved(
            new DenseNet121 { Growth = 12, DepthDivisor = 2 },
            rename: name => OldNumber().Replace(name, "$1.$2.")
        );
        Assert.Contains(file.Tensors, tensor => tensor.Name == "features.denseblock1.denselayer1.norm.1.running_mean");

        var fit = Architectures.Find(file, Colour, "a data set");

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal(new DenseNet121 { Growth = 12, DepthDivisor = 2 }, fit.Source);
    }

    [Theory]
    [InlineData("mlp.linear_1.", "mlp.linear_2.")]
    [InlineData("mlp.0.", "mlp.3.")]
    public void Find_TorchvisionsNamesOfATransformer_AreUnderstood(string first, string second)
    {
        (string Ours, string Theirs)[] names =
        [
            ("blocks.", "encoder.layers.encoder_layer_"),
            ("cls_token", "class_token"),
            ("pos_embed", "encoder.pos_embedding"),
            ("patch_embed.proj.", "conv_proj."),
            ("norm1.", "ln_1."),
            ("norm2.", "ln_2."),
            ("norm.", "encoder.ln."),
            ("attn.qkv.", "self_attention.in_proj_"),
            ("attn.proj.", "self_attention.out_proj."),
            ("mlp.fc1.", first),
            ("mlp.fc2.", second),
            ("head.", "heads.head."),
        ];
        using var file = Saved(
            new SmallVit(),
            rename: name =>
                names.Aggregate(name, (one, pair) => one.Replace(pair.Ours, pair.Theirs, StringComparison.Ordinal))
        );
        Assert.Contains(
            file.Tensors,
            tensor => tensor.Name == "encoder.layers.encoder_layer_5.self_attention.in_proj_weight"
        );

        var fit = Architectures.Find(file, Colour, "a data set");

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal(new SmallVit(), fit.Source);
    }

    [Fact]
    public void Find_FormsAndWidthsOfVgg_AreFoundOut()
    {
        using var narrow = Saved(new Vgg19 { WidthDivisor = 8, BatchNorm = false });
        Assert.Equal(
            new Vgg19 { WidthDivisor = 8, BatchNorm = false },
            Architectures.Find(narrow, Colour, "a data set").Source
        );
        using var stem = Saved(new ResNet18 { Form = NetworkForm.ImageNet });
        Assert.Equal(
            new ResNet18 { Form = NetworkForm.ImageNet },
            Architectures.Find(stem, Colour, "a data set").Source
        );
    }

    [Fact]
    public void Find_OtherNumberOfClasses_SaysToChooseItsDataSet()
    {
        using var file = Saved(new ResNet8(), classes: 43);

        var fit = Architectures.Find(file, Colour, "CIFAR-10");

        Assert.Equal(43, fit.Outputs);
        Assert.Equal(
            "The file has 43 outputs, CIFAR-10 has 10 classes: choose the data set it was trained for.",
            fit.Fault
        );
    }

    [Fact]
    public void Find_AnotherNetwork_NamesTheNearestAndWhatDiffers()
    {
        using var file = Saved(
            new ResNet8(),
            rename: name => name.Replace("layer2.", "stage2.", StringComparison.Ordinal)
        );

        var fit = Architectures.Find(file, Colour, "CIFAR-10");

        Assert.Equal(typeof(ResNet8), fit.Source.GetType());
        Assert.Contains("nearest network of the catalog for CIFAR-10 is ResNet-8", fit.Fault, StringComparison.Ordinal);
        Assert.Matches(@"missing: layer2\.0\.\S+ \[.*\] and \d+ more; not expected: stage2\.0\.", fit.Fault);
    }

    [Fact]
    public void Find_SomethingElseAltogether_NamesWhatIsInTheFile()
    {
        using var file = Saved(new ResNet8(), rename: name => name.Replace('.', '_'));

        Assert.StartsWith(
            "No network of the catalog for MNIST has any of the names in the file, which begin with ",
            Architectures.Find(file, Colour, "MNIST").Fault,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Find_ColourWeightsForGreyImages_NamesTheShapes()
    {
        using var file = Saved(new ResNet8());

        var fit = Architectures.Find(file, Colour with { Channels = 1 }, "MNIST");

        Assert.Null(fit.Outputs);
        Assert.Contains(
            "conv1.weight is [16, 3, 3, 3] in the file and [16, 1, 3, 3] in the network",
            fit.Fault,
            StringComparison.Ordinal
        );
    }

    [GeneratedRegex("(norm|conv)([12])\\.")]
    private static partial Regex OldNumber();

    private WeightFile Saved(ModelSource source, int classes = 10, Func<string, string>? rename = null)
    {
        using var network = source.Build(new ClassifierShape(3, 32, 32, classes, Normalization.Identity(3)));
        var path = Path.Combine(_folder, "model.safetensors");
        Checkpoint.Save(
            path,
            network
                .state_dict()
                .Where(entry => rename is null || !entry.Key.StartsWith("normalize.", StringComparison.Ordinal))
                .ToDictionary(entry => rename?.Invoke(entry.Key) ?? entry.Key, entry => entry.Value),
            new Dictionary<string, string>()
        );
        return WeightFile.Open(path);
    }
}
