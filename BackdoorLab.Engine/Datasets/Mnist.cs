using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>MNIST: handwritten digits, 28x28 grey, idx files packed or unpacked.</summary>
[Method(
    "mnist",
    "MNIST",
    Order = 30,
    Summary = "Handwritten digits 0 to 9, 28x28 grey, 60,000 training and 10,000 test images.",
    Paper = "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, Proc. IEEE, 1998."
)]
public sealed record Mnist : DatasetSource
{
    private static readonly Normalization Pixels = new([0.1307f], [0.3081f]);

    private static readonly IdxFolder Files = new(
        "MNIST",
        ["mnist", "MNIST/raw"],
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")],
        new Dictionary<string, IdxFolder.Sums>
        {
            ["train-images-idx3-ubyte"] = new("f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
            ["train-labels-idx1-ubyte"] = new("d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
            ["t10k-images-idx3-ubyte"] = new("9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
            ["t10k-labels-idx1-ubyte"] = new("ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
        }
    );

    /// <inheritdoc/>
    public override DatasetShape Shape => Files.Shape;

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds) =>
        Files.Load(dataRoot, this, Pixels, flipAllowed: false, seeds);

    /// <inheritdoc/>
    public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default) =>
        Files.Inspect(dataRoot, cancellation);
}
