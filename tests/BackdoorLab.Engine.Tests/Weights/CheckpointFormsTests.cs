using System.Text.Json;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Weights;
using static BackdoorLab.Engine.Tests.Weights.Pickler;
using Entry = (string Key, object? Value);

namespace BackdoorLab.Engine.Tests.Weights;

/// <summary>Checkpoints as training scripts write them: the network is found among what lies beside it.</summary>
[Collection("torch")]
public sealed class CheckpointFormsTests : IDisposable
{
    private static readonly DatasetShape Tiny = new(3, 16, 16, 4, 0, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("forms-").FullName;

    private readonly List<WeightFile> _opened = [];

    public void Dispose()
    {
        _opened.ForEach(file => file.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("state_dict")]
    [InlineData("model_state")]
    [InlineData("netC")]
    [InlineData("ema")]
    [InlineData("ema_state_dict")]
    [InlineData("whatever")]
    public void Find_NetworkUnderAnyKey_IsFoundBesideTheRest(string key)
    {
        var fit = Find(
            Dictionary(
                ("epoch", 12L),
                ("best_acc", NumpyScalar),
                ("index", NumpyArray),
                ("noise_grid", Zeros(1, 3, 2, 2)),
                (key, Net()),
                ("optimizer", Dictionary(("state", Dictionary(("momentum", Zeros(16, 768))))))
            )
        );

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal((new Mlp { HiddenUnits = 16 }, key), (fit.Source, fit.Entry));
        Assert.Empty(fit.OtherEntries);
    }

    [Fact]
    public void Find_NestedWrappers_AreOpened()
    {
        var fit = Find(
            Dictionary(("checkpoint", Dictionary(("model", Dictionary(("state_dict", Net("module._orig_mod.")))))))
        );

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal("checkpoint.model.state_dict", fit.Entry);
    }

    [Fact]
    public void Find_InAListOfStateDicts_IsFound() =>
        Assert.Equal("[0]", Find(new List<object?> { Net(), 3.5, Dictionary(("state", 1L)) }).Entry);

    [Fact]
    public void Find_SeveralThatFit_TakesTheNetworkBeforeItsAverageAndListsTheOthers()
    {
        var root = Dictionary(("model_ema", Net()), ("model", Net()), ("last", Net()));

        var fit = Find(root);

        Assert.Equal(("model", "last model_ema"), (fit.Entry, string.Join(' ', fit.OtherEntries)));
        Assert.Equal("model_ema", Find(root, "model_ema").Entry);
    }

    [Fact]
    public void Find_EntryThatIsNotThere_NamesThoseThatAre() =>
        Assert.Contains(
            "it has 'model', 'last'",
            Assert
                .Throws<WeightFileException>(() => Find(Dictionary(("model", Net()), ("last", Net())), "best"))
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Find_NetworkBesideACriterionInOneDictionary_IsFound()
    {
        var fit = Find(Dictionary([.. Layers("net."), ("criterion.weight", Zeros(4))]));

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal("net", fit.Entry);
    }

    [Fact]
    public void Find_ObjectsBesideTheNetwork_AreNamedAndNotCalled()
    {
        using var file = Open(
            Dictionary(
                (
                    "criterion",
                    new Call("torch.nn.modules.loss", "CrossEntropyLoss", [], Dictionary(("_parameters", null)))
                ),
                ("run", new Call("posix", "system", ["true"])),
                ("net", Net())
            )
        );

        Assert.True(Architectures.Find(file, Tiny, "a data set").Fits);
        Assert.Equal(["posix.system", "torch.nn.modules.loss.CrossEntropyLoss"], file.Uncalled);
    }

    [Theory]
    [InlineData("0.mean", "0.std", "1.", new long[] { 1, 3, 1, 1 })]
    [InlineData("normalize.mean", "normalize.std", "", new long[] { 3 })]
    [InlineData("module.normalizer._mean", "module.normalizer._std", "module.model.", new long[] { 3, 1, 1 })]
    [InlineData("mu", "sigma", "net.", new long[] { 3 })]
    public void Find_NormalizingLayerBeforeTheNetwork_IsItsPreprocessing(
        string mean,
        string deviation,
        string prefix,
        long[] shape
    )
    {
        var fit = Find(
            Dictionary([
                (mean, new Pickler.Weights(shape, [0.1f, 0.2f, 0.3f])),
                (deviation, new Pickler.Weights(shape, [0.4f, 0.5f, 0.6f])),
                .. Layers(prefix),
            ])
        );

        Assert.True(fit.Fits, fit.Fault);
        Assert.Equal([0.1f, 0.2f, 0.3f], fit.Mean!.Read());
        Assert.Equal([0.4f, 0.5f, 0.6f], fit.Deviation!.Read());
    }

    [Fact]
    public void Find_CountersOfTools_AreLeftOut() =>
        Assert.True(
            Find(
                Dictionary([
                    .. Layers(""),
                    ("total_ops", Zeros(1)),
                    ("fc1.total_params", Zeros(1)),
                    ("bn.num_batches_tracked", Zeros()),
                ])
            ).Fits
        );

    [Fact]
    public void Open_WholeModelInADictionary_IsNamed()
    {
        var message = Assert
            .Throws<WeightFileException>(() =>
                Open(
                    Dictionary(
                        ("net", new Call("models.resnet", "ResNet", [], Dictionary(("_modules", null)))),
                        ("acc", 90L)
                    )
                )
            )
            .Message;

        Assert.Contains("'net' (a whole pickled model, models.resnet.ResNet)", message, StringComparison.Ordinal);
        Assert.Contains("model.state_dict()", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WeightsOfNumpy_SaysWhatMadeThem() =>
        Assert.Contains(
            "'conv1.weight' (made by numpy.core.multiarray._reconstruct, which was not called)",
            Assert.Throws<WeightFileException>(() => Open(Dictionary(("conv1.weight", NumpyArray)))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Listing_PassedAsJson_FindsTheSameNetworkWithoutTheFile()
    {
        using var file = Open(
            Dictionary(
                ("lr", NumpyScalar),
                ("ema", Net()),
                ("net", Dictionary([.. Layers("1."), ("0.mean", Zeros(3)), ("0.std", Zeros(3))]))
            )
        );
        var text = JsonSerializer.Serialize(WeightListing.Of(file));

        using var listed = JsonSerializer.Deserialize<WeightListing>(text)!.Unread();
        var (fit, known) = (
            Architectures.Find(listed, Tiny, "a data set"),
            Architectures.Find(file, Tiny, "a data set")
        );

        Assert.Equal((file.Format, file.Numbers, "net"), (listed.Format, listed.Numbers, fit.Entry));
        Assert.Equal((known.Source, known.Fault, "ema"), (fit.Source, fit.Fault, Assert.Single(fit.OtherEntries)));
        Assert.Equal(file.Uncalled, listed.Uncalled);
        Assert.Throws<WeightFileException>(listed.Tensors[0].Read);
    }

    [Fact]
    public void Listing_OfTensorsWithoutEnd_IsRefused()
    {
        var one = Zeros(1);
        using var file = Open(
            Dictionary([.. Enumerable.Range(0, 20_001).Select(i => ($"t{i}", i == 0 ? one : (object?)new Shared()))])
        );

        Assert.Contains(
            "The file has 20001 tensors",
            Assert.Throws<WeightFileException>(() => WeightListing.Of(file)).Message,
            StringComparison.Ordinal
        );
    }

    private static Entry[] Layers(string prefix) =>
        [
            (prefix + "fc1.weight", Zeros(16, 768)),
            (prefix + "fc1.bias", Zeros(16)),
            (prefix + "fc2.weight", Zeros(4, 16)),
            (prefix + "fc2.bias", Zeros(4)),
        ];

    private static KeyValuePair<string, object?>[] Net(string prefix = "") => Dictionary(Layers(prefix));

    private ArchitectureFit Find(object root, string entry = "")
    {
        _opened.Add(Open(root));
        return Architectures.Find(_opened[^1], Tiny, "a data set", entry);
    }

    private WeightFile Open(object root)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.pth.tar");
        File.WriteAllBytes(path, Archive(root));
        return WeightFile.Open(path);
    }
}
