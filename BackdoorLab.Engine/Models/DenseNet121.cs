using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>The densely connected network of backdoor benchmarks: every layer reads all before it.</summary>
[Method(
    "dense-net121",
    "DenseNet-121",
    Summary = "Four blocks of 6, 12, 24 and 16 layers, each adding 32 channels to the maps it reads; 7.0 M parameters, 888 M multiply-adds at 32x32. Also narrower, half as deep, and as published for ImageNet. A training step of 128 images takes 3.0 GiB in bfloat16 and 5.7 GiB in float32.",
    Paper = "Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017.",
    Deviations = "Small form: 3x3 stem at stride 1 without normalisation and max pool, as the backdoor literature uses it for 32x32 images; maps of odd size are averaged to half of it, rounded down, from squares that overlap. No dropout.",
    Order = 44
)]
public sealed record DenseNet121 : ModelSource
{
    private static readonly int[] Layers = [6, 12, 24, 16];

    /// <summary>For which images it is laid out.</summary>
    [Description(
        "Small: 3x3 stem at full size, for 32x32 and the like. ImageNet: 7x7 stem at stride 2 and a max pool (8.0 M parameters and 2.8 G multiply-adds at 224x224)."
    )]
    public NetworkForm Form { get; init; }

    /// <summary>Channels that each layer adds.</summary>
    [Range(4, 48)]
    [Description(
        "Channels that each layer adds; the stem has twice as many. 12 makes 1.0 M parameters and 125 M multiply-adds at 32x32."
    )]
    public int Growth { get; init; } = 32;

    /// <summary>Divides the layers of every block.</summary>
    [Range(1, 2)]
    [Description(
        "Divides the layers of every block: 1 is 6-12-24-16, 2 is 3-6-12-8 (with growth 12: 0.33 M parameters, 48 M multiply-adds at 32x32), which is no DenseNet-121 any more."
    )]
    public int DepthDivisor { get; init; } = 1;

    /// <inheritdoc/>
    public override int SmallestSide => Form == NetworkForm.ImageNet ? 32 : 8;

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        from setting in new[]
        {
            (NetworkForm.Small, 32),
            (NetworkForm.Small, 24),
            (NetworkForm.Small, 16),
            (NetworkForm.Small, 12),
            (NetworkForm.ImageNet, 32),
        }
        from divisor in new[] { 1, 2 }
        select this with
        {
            Form = setting.Item1,
            Growth = setting.Item2,
            DepthDivisor = divisor,
        };

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape)
    {
        RequireSize(shape);
        return new DenseNetwork(
            shape,
            new DensePlan([.. Layers.Select(layers => layers / DepthDivisor)], Growth, Form)
        );
    }
}
