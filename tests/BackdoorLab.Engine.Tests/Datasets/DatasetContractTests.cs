using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

/// <summary>What every discovered data set must keep.</summary>
public sealed class DatasetContractTests
{
    public static TheoryData<string> Ids => [.. MethodCatalog.Default.Of<DatasetSource>().Select(method => method.Id)];

    [Fact]
    public void Catalog_HoldsAllSets()
    {
        var found = MethodCatalog.Default.Of<DatasetSource>().ToList();

        Assert.Superset(
            new HashSet<string>
            {
                "mnist",
                "fashion-mnist",
                "cifar10",
                "cifar100",
                "gtsrb",
                "image-folder",
                "synthetic-signs",
            },
            found.Select(method => method.Id).ToHashSet()
        );
        Assert.All(found, method => Assert.Equal("dataset-source", method.Kind));
        Assert.All(found, method => Assert.NotEmpty(method.Attribute.Summary));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Shape_Default_IsPositive(string id)
    {
        var shape = Create(id).Shape;

        Assert.InRange(shape.Channels, 1, 3);
        Assert.True(shape.Height > 0 && shape.Width > 0);
        if (id != "image-folder")
        {
            Assert.True(shape.Classes > 0 && shape.TrainCount > 0 && shape.TestCount > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Inspect_EmptyRoot_IsMissingWithRemedyOrGenerated(string id)
    {
        using var root = new TempRoot();

        var status = Create(id).Inspect(root.Path);

        Assert.True(status.State is DatasetState.Missing or DatasetState.Generated);
        Assert.NotEmpty(status.Detail);
        Assert.NotEmpty(status.Remedy);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Load_EmptyRoot_NamesTheFolderOrGenerates(string id)
    {
        using var root = new TempRoot();
        var source = Create(id);

        if (source.Inspect(root.Path).State == DatasetState.Generated)
        {
            return;
        }

        var error = Assert.Throws<DatasetException>(() => source.Load(root.Path, TempRoot.Seeds));
        Assert.Contains(root.Path, error.Message);
        Assert.Contains(
            " put ",
            error.Message.Replace("unpack them in", " put ", StringComparison.Ordinal).ToLowerInvariant()
        );
        Assert.Equal(DatasetState.Missing, error.State);
    }

    [SkippableTheory]
    [InlineData("mnist", "mnist")]
    [InlineData("cifar10", "cifar-10")]
    [InlineData("gtsrb", "gtsrb")]
    public void Inspect_Cancelled_Stops(string id, string folder)
    {
        var root = DataRoot.Require(folder);

        Assert.Throws<OperationCanceledException>(() =>
            Create(id).Inspect(root, new CancellationToken(canceled: true))
        );
    }

    private static DatasetSource Create(string id) => (DatasetSource)MethodCatalog.Default.Find(id)!.CreateDefault();
}
