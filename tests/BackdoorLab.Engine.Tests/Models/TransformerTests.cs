using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

/// <summary>The steps of a vision transformer, and what precisions make of it.</summary>
[Collection("torch")]
public sealed class TransformerTests
{
    private static readonly FloatArithmetic Float = FloatArithmetic.Instance;

    [Fact]
    public void LayerNormalization_OfOneToken_IsItsMeanAndBiasedVariance()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var norm = new LayerNormalization(2);
        norm.weight.copy_(tensor(new float[] { 1, 2 }));
        norm.bias.copy_(tensor(new float[] { 0, 1 }));

        // Mean 3, variance 4: -1 and 1.
        var values = Float.NormalizeTokens(norm, tensor(new float[] { 1, 5 }, [1, 1, 2])).flatten().data<float>();
        Assert.Equal(-1, values[0], 5);
        Assert.Equal(3, values[1], 5);
    }

    [Fact]
    public void Attend_OfTwoTokensAndTwoHeads_IsTheHandCount()
    {
        using var scope = NewDisposeScope();

        // Two heads of width 1. Head 1: queries 1 and 0, keys 0 and ln 3, values 4 and 8: the first token's shares are
        // 1/4 and 3/4, the second's halves. Head 2: queries 0: halves of 2 and 10.
        var three = MathF.Log(3);
        float[] tokens = [1, 0, 0, 9, 4, 2, 0, 0, three, 5, 8, 10];
        var mixed = Float.Attend(tensor(tokens, [1, 2, 6]), heads: 2).flatten().data<float>().ToArray();
        float[] expected = [7, 6, 6, 6];
        Assert.All(expected.Zip(mixed), pair => Assert.Equal(pair.First, pair.Second, 4));
    }

    [Fact]
    public void Attend_OfWideHeads_DividesProductsByTheRootOfTheirWidth()
    {
        using var scope = NewDisposeScope();

        // One head of width 4: the query (2 ln 3, 0, 0, 0) with keys 0 and (1, 0, 0, 0): 2 ln 3 over the root of 4.
        var three = 2 * MathF.Log(3);
        float[] tokens = [three, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 1, 0, 0, 0, 8, 8, 8, 8];
        var mixed = Float.Attend(tensor(tokens, [1, 2, 12]), heads: 1);
        Assert.Equal(7, mixed[0, 0, 0].item<float>(), 4);
        Assert.Equal(6, mixed[0, 1, 3].item<float>(), 4);
    }

    [Fact]
    public void Embed_OfAMap_PutsTheClassTokenFirstAndPatchesRowByRow()
    {
        using var scope = NewDisposeScope();
        var patches = tensor(new float[] { 1, 2, 3, 4, 5, 6 }, [1, 1, 2, 3]);
        var positions = tensor(new float[] { 10, 20, 30, 40, 50, 60, 70 }, [1, 7, 1]);
        var tokens = Float.Embed(patches, full(1, 1, 1, 9f), positions);
        float[] expected = [19, 21, 32, 43, 54, 65, 76];
        Assert.Equal(expected, tokens.flatten().data<float>().ToArray());
        Assert.Equal(19, Float.ClassToken(tokens).item<float>());

        // The map again, without the class token.
        var grid = Float.Grid(tokens, 2, 3);
        Assert.Equal(new long[] { 1, 1, 2, 3 }, grid.shape);
        Assert.Equal(43, grid[0, 0, 0, 2].item<float>());
        Assert.Equal(54, grid[0, 0, 1, 0].item<float>());
    }

    [Fact]
    public void Start_OfAFreshTransformer_IsNormalWithAHeadOfZeros()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        random.manual_seed(3);
        using var network = new SmallVit().Build(SmallModels.Shape());
        var weights = network.state_dict();
        Assert.Equal(0, weights["head.weight"].abs().max().item<float>());
        Assert.Equal(0, weights["cls_token"].abs().max().item<float>());
        Assert.Equal(0, weights["blocks.0.attn.qkv.bias"].abs().max().item<float>());
        Assert.Equal(0.02, weights["blocks.5.mlp.fc1.weight"].std().item<float>(), 3);
        Assert.Equal(0.02, weights["pos_embed"].std().item<float>(), 3);
        Assert.Equal(1 / Math.Sqrt(48), weights["patch_embed.proj.weight"].std().item<float>(), 2);
        Assert.Equal(new long[] { 1, 65, 192 }, weights["pos_embed"].shape);
        Assert.All(network.modules().OfType<LayerNormalization>(), norm => Assert.Equal(1e-6, norm.Eps));
    }

    [Fact]
    public void Stages_AreThirdsOfTheBlocksAsMaps()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = SmallModels.Build("small-vit", SmallModels.Shape());
        using var tap = new StageTap(Float);
        tap.Logits(network, SmallModels.Images(network.Shape, 2));
        Assert.Equal(["block2", "block4", "block6"], tap.Stages.Select(stage => stage.Name));
        Assert.All(tap.Stages, stage => Assert.Equal(new long[] { 2, 192, 8, 8 }, stage.Values.shape));
    }

    [Fact]
    public void Groups_OfATransformer_AreNotApplicableAndSayWhy()
    {
        using var network = SmallModels.Build("small-vit", SmallModels.Shape());
        var reason = Assert.Throws<NotApplicableException>(() => ChannelGroups.Of(network));
        Assert.Contains("cuts the image into patches", reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Attention_CanBeDifferentiatedTwice()
    {
        using var scope = NewDisposeScope();
        var tokens = rand(1, 3, 12).requires_grad_();
        Float.Attend(tokens, 2).square().sum().backward(create_graph: true, retain_graph: true);
        var first = tokens.grad!.clone();
        first.square().sum().backward();
        Assert.True((tokens.grad! - first).abs().sum().item<float>() > 0);
    }

    public static TheoryData<string> Precisions =>
        [.. MethodCatalog.Default.Of<Precision>().Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Logits_AtEveryPrecision_AgreeWithTheFloatOnes(string id)
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Build("small-vit", SmallModels.Shape(side: 16));
        var calibration = SmallModels.ImageSet(trained.Shape, 32);
        var precision = (Precision)MethodCatalog.Default.Find(id)!.CreateDefault();
        using var deployed = precision.Convert(trained, new(calibration, calibration), new RunContext(new SeedTree(1)));
        using var noGrad = no_grad();
        var images = SmallModels.Images(trained.Shape, 16);
        var (exact, found) = (trained.call(images), deployed.Logits(images));
        var error = (found - exact).norm().item<float>() / exact.norm().item<float>();
        Assert.InRange(error, 0, id.Contains('4', StringComparison.Ordinal) ? 0.7 : 0.06);
        Assert.Equal(3, deployed.Stages(images).Count);
        Assert.InRange(deployed.Realisation.MultiplyAddShare, 0, 1);
    }

    [Fact]
    public void Realisation_AtInt8Static_CountsAttentionAsFloat()
    {
        using var trained = SmallModels.Build("small-vit", SmallModels.Shape());
        var calibration = SmallModels.ImageSet(trained.Shape, 16);
        using var deployed = new Int8Static().Convert(
            trained,
            new(calibration, calibration),
            new RunContext(new SeedTree(1))
        );

        // Six times twice 65 * 65 * 192 products between tokens; linear layers of 294,912 weights run on 65 tokens,
        // the patches' 9,216 on 64 places, the head's 1,920 once.
        const double attention = 6 * 2 * 65 * 65 * 192;
        const double layers = 6 * 65 * 294_912.0 + 64 * 9_216 + 1_920;
        Assert.Equal(layers / (layers + attention), deployed.Realisation.MultiplyAddShare, 9);
        Assert.Contains("attention (its products and its softmax)", deployed.Realisation.Description);

        // Not at 8 bits: biases, 384 for each of 13 normalisations, 65 positions and the class token.
        Assert.InRange(deployed.Realisation.ParameterShare, 0.98, 0.99);
    }
}
