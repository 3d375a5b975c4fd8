using System.ComponentModel;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>ResNet-18 in the form the field uses for small images: the full preset's net.</summary>
[Method(
    "res-net18",
    "ResNet-18",
    Summary = "Four stages (64-128-256-512 channels) of two basic blocks each, 3x3 stem; 11.17 M parameters, 555 M multiply-adds at 32x32. The net of the full preset. Also as published for ImageNet.",
    Paper = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016.",
    Deviations = "Small form: 3x3 stem at stride 1 without max pool, as the backdoor literature uses it for 32x32 images.",
    Order = 40
)]
public sealed record ResNet18 : ModelSource
{
    /// <summary>For which images it is laid out.</summary>
    [OmittedAtDefault]
    [Description(
        "Small: 3x3 stem at full size, for 32x32 and the like. ImageNet: 7x7 stem at stride 2 and a max pool (11.7 M parameters and 1.8 G multiply-adds at 224x224)."
    )]
    public NetworkForm Form { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ModelSource> Variants =>
        Enum.GetValues<NetworkForm>().Select(form => this with { Form = form });

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new ResidualNetwork(shape, new ResidualPlan([64, 128, 256, 512], 2, LargeStem: Form == NetworkForm.ImageNet));
}
