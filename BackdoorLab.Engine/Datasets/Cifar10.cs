using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>CIFAR-10 in its binary or its Python version.</summary>
[Method(
    "cifar10",
    "CIFAR-10",
    Order = 10,
    Summary = "Photographs of animals and vehicles in ten classes, 32x32 colour, 50,000 training and 10,000 test images.",
    Paper = "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009."
)]
public sealed record Cifar10 : DatasetSource
{
    private static readonly Normalization Pixels = new([0.4914f, 0.4822f, 0.4465f], [0.2470f, 0.2435f, 0.2616f]);

    private static readonly string[] Names =
    [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ];

    private static readonly CifarFolder Files = new(
        "CIFAR-10",
        ["cifar-10/cifar-10-batches-bin", "cifar-10-batches-bin", "CIFAR10/cifar-10-batches-bin"],
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        Names,
        [10],
        0,
        [
            ("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
            ("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
            ("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
            ("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
            ("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
        ],
        ("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d"),
        10_000
    )
    {
        Python = new(
            "CIFAR-10",
            ["cifar-10/cifar-10-batches-py", "cifar-10-batches-py", "CIFAR10/cifar-10-batches-py"],
            Names,
            "labels",
            [
                ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
                ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
                ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
                ("data_batch_4", "634d18415352ddfa80567beed471001a"),
                ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
            ],
            ("test_batch", "40351d587109b95175f43aff81a1287e")
        ),
    };

    /// <inheritdoc/>
    public override DatasetShape Shape => Files.Shape;

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds) => Files.Load(dataRoot, this, Pixels, seeds);

    /// <inheritdoc/>
    public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default) =>
        Files.Inspect(dataRoot, cancellation);
}
