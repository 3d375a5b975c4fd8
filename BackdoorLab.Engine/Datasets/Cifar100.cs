using System.ComponentModel;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>Which of the two labels of CIFAR-100 is the class.</summary>
public enum Cifar100Labels
{
    /// <summary>100 classes.</summary>
    Fine,

    /// <summary>20 superclasses.</summary>
    Coarse,
}

/// <summary>CIFAR-100 in its binary or its Python version.</summary>
[Method(
    "cifar100",
    "CIFAR-100",
    Order = 20,
    Summary = "Photographs in 100 classes (or 20 superclasses), 32x32 colour, 50,000 training and 10,000 test images.",
    Paper = "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009."
)]
public sealed record Cifar100 : DatasetSource
{
    private static readonly Normalization Pixels = new([0.5071f, 0.4865f, 0.4409f], [0.2673f, 0.2564f, 0.2762f]);

    private static readonly string[] FineNames =
    [
        "apple",
        "aquarium fish",
        "baby",
        "bear",
        "beaver",
        "bed",
        "bee",
        "beetle",
        "bicycle",
        "bottle",
        "bowl",
        "boy",
        "bridge",
        "bus",
        "butterfly",
        "camel",
        "can",
        "castle",
        "caterpillar",
        "cattle",
        "chair",
        "chimpanzee",
        "clock",
        "cloud",
        "cockroach",
        "couch",
        "crab",
        "crocodile",
        "cup",
        "dinosaur",
        "dolphin",
        "elephant",
        "flatfish",
        "forest",
        "fox",
        "girl",
        "hamster",
        "house",
        "kangaroo",
        "keyboard",
        "lamp",
        "lawn mower",
        "leopard",
        "lion",
        "lizard",
        "lobster",
        "man",
        "maple tree",
        "motorcycle",
        "mountain",
        "mouse",
        "mushroom",
        "oak tree",
        "orange",
        "orchid",
        "otter",
        "palm tree",
        "pear",
        "pickup truck",
        "pine tree",
        "plain",
        "plate",
        "poppy",
        "porcupine",
        "possum",
        "rabbit",
        "raccoon",
        "ray",
        "road",
        "rocket",
        "rose",
        "sea",
        "seal",
        "shark",
        "shrew",
        "skunk",
        "skyscraper",
        "snail",
        "snake",
        "spider",
        "squirrel",
        "streetcar",
        "sunflower",
        "sweet pepper",
        "table",
        "tank",
        "telephone",
        "television",
        "tiger",
        "tractor",
        "train",
        "trout",
        "tulip",
        "turtle",
        "wardrobe",
        "whale",
        "willow tree",
        "wolf",
        "woman",
        "worm",
    ];

    private static readonly string[] CoarseNames =
    [
        "aquatic mammals",
        "fish",
        "flowers",
        "food containers",
        "fruit and vegetables",
        "household electrical devices",
        "household furniture",
        "insects",
        "large carnivores",
        "large man-made outdoor things",
        "large natural outdoor scenes",
        "large omnivores and herbivores",
        "medium-sized mammals",
        "non-insect invertebrates",
        "people",
        "reptiles",
        "small mammals",
        "trees",
        "vehicles 1",
        "vehicles 2",
    ];

    /// <summary>Which label is the class.</summary>
    [Description("Fine: 100 classes. Coarse: 20 superclasses.")]
    public Cifar100Labels Labels { get; init; }

    /// <inheritdoc/>
    public override DatasetShape Shape => Files.Shape;

    private CifarFolder Files =>
        new(
            "CIFAR-100",
            ["cifar-100/cifar-100-binary", "cifar-100-binary", "CIFAR100/cifar-100-binary"],
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            Labels == Cifar100Labels.Fine ? FineNames : CoarseNames,
            [20, 100],
            Labels == Cifar100Labels.Fine ? 1 : 0,
            [("train.bin", "6172c7755cfe09b2fe270c85cebc1b15")],
            ("test.bin", "4499cfba6c016c1be1438163640a0898"),
            50_000
        )
        {
            Python = new(
                "CIFAR-100",
                ["cifar-100/cifar-100-python", "cifar-100-python", "CIFAR100/cifar-100-python"],
                Labels == Cifar100Labels.Fine ? FineNames : CoarseNames,
                Labels == Cifar100Labels.Fine ? "fine_labels" : "coarse_labels",
                [("train", "16019d7e3df5f24257cddd939b257f8d")],
                ("test", "f0ef6b0ae62326f3e7ffdfab6717acfc")
            ),
        };

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds) => Files.Load(dataRoot, this, Pixels, seeds);

    /// <inheritdoc/>
    public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default) =>
        Files.Inspect(dataRoot, cancellation);
}
