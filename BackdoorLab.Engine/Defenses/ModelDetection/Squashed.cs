using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Numbers in (0,1) that are optimised without bounds: (tanh(theta) + 1) / 2, by Adam.</summary>
internal sealed class Squashed
{
    private readonly float[] _theta;
    private readonly float[] _buffer;
    private readonly double[] _gradient;
    private readonly ManagedAdam _adam;

    /// <summary>Starts at random values.</summary>
    internal Squashed(int count, Random random, double learningRate, double beta1 = 0.5, double beta2 = 0.9)
    {
        (_theta, _buffer, _gradient, Values) = (
            new float[count],
            new float[count],
            new double[count],
            new float[count]
        );
        for (var i = 0; i < count; i++)
        {
            _theta[i] = (float)Math.Atanh((random.NextDouble() - 0.5) * (2 - 1e-7));
        }

        _adam = new ManagedAdam(_theta, learningRate, beta1, beta2);
        Squash();
    }

    /// <summary>The numbers; they change with every step.</summary>
    internal float[] Values { get; }

    /// <summary>What stands behind the values, without bounds.</summary>
    internal ReadOnlySpan<float> Theta => _theta;

    internal float[] Copy() => (float[])Values.Clone();

    internal double Sum()
    {
        var sum = 0.0;
        foreach (var value in Values)
        {
            sum += value;
        }

        return sum;
    }

    /// <summary>
    /// One step down a gradient with respect to the values, plus <paramref name="normWeight"/> times their L1 norm.
    /// </summary>
    internal void Descend(Tensor gradient, double normWeight)
    {
        Inference.CopyTo(gradient, _buffer);
        for (var i = 0; i < _buffer.Length; i++)
        {
            // The values are positive, so the L1 norm adds its weight; d value / d theta = 2 v (1 - v).
            _gradient[i] = (_buffer[i] + normWeight) * 2 * Values[i] * (1 - Values[i]);
        }

        _adam.Step(_gradient);
        Squash();
    }

    /// <summary>
    /// One step down a gradient with respect to <see cref="Theta"/>, plus that of the values' sum, each by its own
    /// weight.
    /// </summary>
    internal void Descend(float[] thetaGradient, double normWeight, float[] weights)
    {
        for (var i = 0; i < weights.Length; i++)
        {
            _gradient[i] = thetaGradient[i] + normWeight * weights[i] * 2 * Values[i] * (1 - Values[i]);
        }

        _adam.Step(_gradient);
        Squash();
    }

    private void Squash()
    {
        for (var i = 0; i < Values.Length; i++)
        {
            Values[i] = (MathF.Tanh(_theta[i]) + 1) / 2;
        }
    }
}
