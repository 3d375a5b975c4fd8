using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>The base vision transformer, for weights from a file.</summary>
[Method(
    "vit-b16",
    "ViT-B/16",
    Summary = "Twelve transformer blocks on patches of 16x16 pixels (tokens of 768, twelve heads, hidden layers of 3072); 86.6 M parameters, 17.6 G multiply-adds at 224x224. Takes images from 224x224 on: for weights from a file, as no processor trains it in reasonable time.",
    Paper = "Dosovitskiy et al.: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021.",
    Deviations = "No dropout. The head is one linear layer, as for fine-tuning.",
    Order = 48
)]
public sealed record VitB16 : ModelSource
{
    /// <inheritdoc/>
    public override int SmallestSide => 224;

    /// <inheritdoc/>
    public override bool TracksStatistics => false;

    /// <inheritdoc/>
    public override Classifier Build(ClassifierShape shape)
    {
        RequireSize(shape);
        return new VisionTransformer(
            shape,
            new TransformerPlan(Patch: 16, Width: 768, Blocks: 12, Hidden: 3072, Heads: 12)
        );
    }
}
