using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>The deep plain network of backdoor benchmarks: no shortcuts, a norm behind every convolution.</summary>
[Method(
    "vgg19",
    "VGG-19",
    Summary = "Sixteen 3x3 convolutions in five stages (64-128-256-512-512 channels) with max pools and batch normalisation, one linear layer; 20.0 M parameters, 398 M multiply-adds at 32x32. Also as published for ImageNet.",
    Paper = "Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015; batch normalisation: Ioffe, Szegedy, ICML 2015.",
    Deviations = "Small form: one linear layer in place of three, and batch normalisation, as the backdoor literature trains it on 32x32; smaller images are framed in black to 32x32. ImageNet form: torchvision's layers, without their dropout; He-initialised.",
    Order = 42
)]
public sealed record Vgg19 : ModelSource
{
    // Below that the ImageNet form's last map would be a pixel stretched to 7x7.
    private const int SmallestForImageNet = 64;

    /// <summary>For which images it is laid out.</summary>
    [Description(
        "Small: one linear layer, for 32x32 and the like. ImageNet: the last map averaged to 7x7 and two hidden layers of 4096 units (143.7 M parameters and 19.6 G multiply-adds at 224x224); images from 64x64 on."
    )]
    public NetworkForm Form { get; init; }

    /// <summary>Whether every convolution is normalised.</summary>
    [Description(
        "Batch normalisation behind every convolution. Without it the network does not start learning at the usual rate of 0.1: take 0.01 with a warm-up."
    )]
    public bool BatchNorm { get; init; } = true;

    /// <summary>Divides the channels of every layer.</summary>
    [Range(1, 16)]
    [Description(
        "Divides the channels of every layer: 1 is 64-128-256-512-512, 4 is 16-32-64-128-128 (1.26 M parameters, 25 M multiply-adds at 32x32), 8 half of that."
    )]
    public int WidthDivisor { get; init; } = 1;

    /// <inheritdoc/>
    public override int SmallestSide => Form == NetworkForm.ImageNet ? SmallestForImageNet : 1;

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        from norm in new[] { true, false }
        from setting in new[]
        {
            (NetworkForm.Small, 1),
            (NetworkForm.Small, 2),
            (NetworkForm.Small, 4),
            (NetworkForm.Small, 8),
            (NetworkForm.ImageNet, 1),
        }
        select this with
        {
            BatchNorm = norm,
            Form = setting.Item1,
            WidthDivisor = setting.Item2,
        };

    /// <inheritdoc/>
    public override bool TracksStatistics => BatchNorm;

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape)
    {
        RequireSize(shape);
        return new VggNetwork(shape, Form, BatchNorm, WidthDivisor);
    }
}
