using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>A vision transformer for small images that a processor can train.</summary>
[Method(
    "small-vit",
    "Small ViT",
    Summary = "A vision transformer of six blocks on patches of 4x4 pixels (tokens of 192, three heads, hidden layers of 384); 1.8 M parameters, 125 M multiply-adds at 32x32. From scratch it needs AdamW, a warm-up and a hundred epochs.",
    Paper = "Dosovitskiy et al.: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021; width and heads of DeiT-Ti (Touvron et al., ICML 2021).",
    Deviations = "None of the paper's sizes: half of DeiT-Ti's blocks, hidden layers of twice the width instead of four times. A side that is no multiple of 4 is framed in black.",
    Order = 46
)]
public sealed record SmallVit : ModelSource
{
    /// <inheritdoc/>
    public override bool TracksStatistics => false;

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape) =>
        new VisionTransformer(shape, new TransformerPlan(Patch: 4, Width: 192, Blocks: 6, Hidden: 384, Heads: 3));
}
