using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Attention between tokens and two linear layers with GELU on each token; both read normalised tokens and add to them
/// (pre-norm).
/// </summary>
internal sealed class TransformerBlock : nn.Module
{
    private readonly LayerNormalization norm1;
    private readonly AttentionLayers attn;
    private readonly LayerNormalization norm2;
    private readonly HiddenLayers mlp;

    internal TransformerBlock(TransformerPlan plan)
        : base(nameof(TransformerBlock))
    {
        norm1 = new LayerNormalization(plan.Width);
        attn = new AttentionLayers(plan.Width, plan.Heads);
        norm2 = new LayerNormalization(plan.Width);
        mlp = new HiddenLayers(plan.Width, plan.Hidden);
        RegisterComponents();
    }

    /// <summary>Tokens [N, tokens, width] to tokens; the input is left as it is.</summary>
    internal Tensor Run(INetworkArithmetic arithmetic, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var mixed = attn.Run(arithmetic, arithmetic.NormalizeTokens(norm1, tokens));
        tokens = arithmetic.Add(mixed, tokens, relu: false);
        var changed = mlp.Run(arithmetic, arithmetic.NormalizeTokens(norm2, tokens));
        return arithmetic.Add(changed, tokens, relu: false).MoveToOuterDisposeScope();
    }
}

/// <summary>Queries, keys and values of every token by one linear layer, attention, a linear layer.</summary>
internal sealed class AttentionLayers : nn.Module
{
    private readonly FullyConnected qkv;
    private readonly FullyConnected proj;
    private readonly int _heads;

    internal AttentionLayers(int width, int heads)
        : base(nameof(AttentionLayers))
    {
        _heads = heads;
        qkv = VisionTransformer.Linear(width, 3 * width);
        proj = VisionTransformer.Linear(width, width);
        RegisterComponents();
    }

    internal Tensor Run(INetworkArithmetic arithmetic, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var mixed = arithmetic.Attend(arithmetic.Connect(qkv, relu: false, tokens), _heads);
        return arithmetic.Connect(proj, relu: false, mixed).MoveToOuterDisposeScope();
    }
}

/// <summary>A hidden layer with GELU, and a linear layer back to the width of a token.</summary>
internal sealed class HiddenLayers : nn.Module
{
    private readonly FullyConnected fc1;
    private readonly FullyConnected fc2;

    internal HiddenLayers(int width, int hidden)
        : base(nameof(HiddenLayers))
    {
        fc1 = VisionTransformer.Linear(width, hidden);
        fc2 = VisionTransformer.Linear(hidden, width);
        RegisterComponents();
    }

    internal Tensor Run(INetworkArithmetic arithmetic, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var hidden = arithmetic.Gelu(arithmetic.Connect(fc1, relu: false, tokens));
        return arithmetic.Connect(fc2, relu: false, hidden).MoveToOuterDisposeScope();
    }
}
