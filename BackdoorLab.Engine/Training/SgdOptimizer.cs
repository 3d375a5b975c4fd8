using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Stochastic gradient descent with momentum, as PyTorch defines it: v = m v + g + d w, w = w - r v; in Nesterov's form
/// w = w - r (g + d w + m v).
/// </summary>
public sealed class SgdOptimizer : Optimizer
{
    private readonly Scalar _momentum;
    private readonly Scalar _one = 1.0;
    private readonly Tensor[] _velocity;
    private readonly bool _nesterov;

    /// <summary>Starts with zero velocity.</summary>
    public SgdOptimizer(
        nn.Module module,
        double momentum,
        double weightDecay,
        bool nesterov = false,
        double normBiasRate = 1
    )
        : base(module, weightDecay, normBiasRate)
    {
        (_momentum, _nesterov) = (momentum, nesterov);
        _velocity = [.. Parameters.Select(parameter => zeros_like(parameter.parameter).DetachFromDisposeScope())];
        State = Parameters
            .Select((parameter, i) => (parameter.name, State: _velocity[i]))
            .ToDictionary(pair => "velocity." + pair.name, pair => pair.State);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> State { get; }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, Scalar negativeRate)
    {
        var velocity = _velocity[index];
        velocity.mul_(_momentum);
        velocity.add_(gradient, _one);
        if (_nesterov)
        {
            gradient.add_(velocity, _momentum);
            parameter.add_(gradient, negativeRate);
            return;
        }

        parameter.add_(velocity, negativeRate);
    }
}
