using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>Fashion-MNIST: articles of clothing, 28x28 grey, idx files packed or unpacked.</summary>
[Method(
    "fashion-mnist",
    "Fashion-MNIST",
    Order = 40,
    Summary = "Articles of clothing in ten classes, 28x28 grey, 60,000 training and 10,000 test images.",
    Paper = "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms, 2017."
)]
public sealed record FashionMnist : DatasetSource
{
    private static readonly Normalization Pixels = new([0.2860f], [0.3530f]);

    private static readonly IdxFolder Files = new(
        "Fashion-MNIST",
        ["fashion-mnist", "FashionMNIST/raw"],
        "https://github.com/zalandoresearch/fashion-mnist",
        ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"],
        new Dictionary<string, IdxFolder.Sums>
        {
            ["train-images-idx3-ubyte"] = new("8d4fb7e6c68d591d4c3dfef9ec88bf0d", null),
            ["train-labels-idx1-ubyte"] = new("25c81989df183df01b3e8a0aad5dffbe", null),
            ["t10k-images-idx3-ubyte"] = new("bef4ecab320f06d8554ea6380940ec79", "8181f5470baa50b63fa0f6fddb340f0a"),
            ["t10k-labels-idx1-ubyte"] = new("bb300cfdad3c16e7a12a480ee83cd310", "15d484375f8d13e6eb1aabb0c3f46965"),
        }
    );

    /// <inheritdoc/>
    public override DatasetShape Shape => Files.Shape;

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds) =>
        Files.Load(dataRoot, this, Pixels, flipAllowed: true, seeds);

    /// <inheritdoc/>
    public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default) =>
        Files.Inspect(dataRoot, cancellation);
}
