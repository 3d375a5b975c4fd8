namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Adam over one plain array, for optimisations whose variables are a few thousand numbers: no tensor, no native call.
/// </summary>
internal sealed class ManagedAdam(float[] values, double learningRate, double beta1, double beta2)
{
    private const double Epsilon = 1e-8;
    private readonly double[] _first = new double[values.Length];
    private readonly double[] _second = new double[values.Length];
    private int _step;

    /// <summary>One descent step along <paramref name="gradient"/>.</summary>
    internal void Step(ReadOnlySpan<double> gradient)
    {
        _step++;
        var (correction1, correction2) = (1 - Math.Pow(beta1, _step), 1 - Math.Pow(beta2, _step));
        for (var i = 0; i < values.Length; i++)
        {
            _first[i] = beta1 * _first[i] + (1 - beta1) * gradient[i];
            _second[i] = beta2 * _second[i] + (1 - beta2) * gradient[i] * gradient[i];
            values[i] -= (float)(
                learningRate * (_first[i] / correction1) / (Math.Sqrt(_second[i] / correction2) + Epsilon)
            );
        }
    }
}
