using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Layer normalisation (Ba, Kiros, Hinton, arXiv 1607.06450) over the last dimension: every token by its own mean and
/// biased variance, then scale and shift for each place of it. No running statistics. Parameters stay float32 also in
/// bfloat16 networks.
/// </summary>
public sealed class LayerNormalization : nn.Module<Tensor, Tensor>
{
    /// <summary>Scale [width].</summary>
    public Parameter weight;

    /// <summary>Shift [width].</summary>
    public Parameter bias;

    private readonly long[] _width;

    /// <summary>Makes the layer.</summary>
    /// <param name="width">Length of a token.</param>
    /// <param name="eps">Added to the variance before the square root.</param>
    public LayerNormalization(int width, double eps = 1e-6)
        : base(nameof(LayerNormalization))
    {
        (_width, Eps) = ([width], eps);
        weight = new Parameter(ones(width));
        bias = new Parameter(zeros(width));
        weight.DetachFromDisposeScope();
        bias.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>Added to the variance before the square root.</summary>
    public double Eps { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => nn.functional.layer_norm(input, _width, weight, bias, Eps);
}
