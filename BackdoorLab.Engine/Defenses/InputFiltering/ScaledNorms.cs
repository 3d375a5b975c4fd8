using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>A network whose last batch normalisations are amplified: scale and shift times a factor.</summary>
internal sealed class ScaledNorms : IDisposable
{
    private readonly Classifier _network;
    private readonly (BatchNorm2d Norm, float[] Scale, float[] Shift)[] _norms;
    private readonly float _factor;

    /// <summary>Takes over a network, which it disposes of.</summary>
    internal ScaledNorms(Classifier network, double factor)
    {
        (_network, _factor) = (network, (float)factor);
        network.eval();
        _norms =
        [
            .. Normalizations
                .Of(network)
                .Select(norm => (norm, Inference.Floats(norm.weight), Inference.Floats(norm.bias))),
        ];
    }

    /// <summary>Normalisations in all.</summary>
    internal int Count => _norms.Length;

    /// <summary>
    /// The network with its last <paramref name="last"/> normalisations amplified and the others as they were; valid
    /// until the next call.
    /// </summary>
    internal Classifier Amplified(int last)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        for (var i = 0; i < _norms.Length; i++)
        {
            var (norm, scale, shift) = _norms[i];
            var factor = i >= _norms.Length - last ? _factor : 1;
            Write(norm.weight, scale, factor);
            Write(norm.bias, shift, factor);
        }

        return _network;
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    private static void Write(Tensor parameter, float[] values, float factor) =>
        parameter.copy_(tensor(Array.ConvertAll(values, value => factor * value)));
}
