using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// In-place optimiser over a module's parameters. Ours rather than TorchSharp's: it passes only scalars it holds itself
/// (see the scalar race in <see cref="Tensors.TorchRuntime"/>), runs fewer operations a step, and its state can be
/// saved and restored exactly.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private readonly Scalar _decay;
    private readonly Scalar _normBiasDecay;
    private readonly bool _decays;
    private readonly double _normBiasRate;
    private readonly bool[] _isNormBias;
    private (Scalar Usual, Scalar NormBias)? _rate;
    private double _rateValue = double.NaN;

    /// <summary>Starts over the trainable parameters of <paramref name="module"/>.</summary>
    /// <param name="module">The network.</param>
    /// <param name="weightDecay">L2 penalty added to the gradient.</param>
    /// <param name="normBiasRate">
    /// Learning rate of the shifts of batch normalisation as a multiple of the others'. Their penalty is divided by it,
    /// so that rate times penalty is one number for all (Jordan, arXiv 2404.00498).
    /// </param>
    protected Optimizer(nn.Module module, double weightDecay, double normBiasRate = 1)
    {
        Parameters = [.. module.named_parameters().Where(parameter => parameter.parameter.requires_grad)];
        var biases = module.modules().OfType<BatchNorm2d>().Select(norm => norm.bias.Handle).ToHashSet();
        _isNormBias = [.. Parameters.Select(parameter => biases.Contains(parameter.parameter.Handle))];
        _normBiasRate = normBiasRate;
        _decay = weightDecay;
        _normBiasDecay = weightDecay / normBiasRate;
        _decays = weightDecay != 0;
    }

    /// <summary>Makes the optimiser that <paramref name="options"/> asks for.</summary>
    public static Optimizer For(nn.Module module, TrainOptions options) =>
        options.Optimizer == OptimizerKind.Sgd
            ? new SgdOptimizer(module, options.Momentum, options.WeightDecay, options.Nesterov, options.NormBiasRate)
            : new AdamOptimizer(module, options.WeightDecay, normBiasRate: options.NormBiasRate);

    /// <summary>Trained parameters with their state-dict names.</summary>
    protected IReadOnlyList<(string name, TorchSharp.Modules.Parameter parameter)> Parameters { get; }

    /// <summary>
    /// Named state tensors (momentum, moments), to be saved and restored; live as long as the optimiser.
    /// </summary>
    public abstract IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>Forgets all gradients; call before every backward pass.</summary>
    public void ClearGradients()
    {
        foreach (var (_, parameter) in Parameters)
        {
            parameter.grad = null;
        }
    }

    /// <summary>Updates every parameter that has a gradient. Call inside a dispose scope.</summary>
    /// <param name="learningRate">Rate of this step.</param>
    public void Step(double learningRate)
    {
        using var noGrad = no_grad();
        var rate = BeginStep(learningRate);
        if (rate != _rateValue)
        {
            (_rate, _rateValue) = ((-rate, -rate * _normBiasRate), rate);
        }

        var (usual, normBias) = _rate!.Value;
        for (var i = 0; i < Parameters.Count; i++)
        {
            var parameter = Parameters[i].parameter;
            if (parameter.grad is { } gradient)
            {
                if (_decays)
                {
                    gradient.add_(parameter, _isNormBias[i] ? _normBiasDecay : _decay);
                }

                Update(i, parameter, gradient, _isNormBias[i] ? normBias : usual);
            }
        }
    }

    /// <summary>Called once before the updates of a step; returns the rate that they take.</summary>
    protected virtual double BeginStep(double learningRate) => learningRate;

    /// <summary>Updates one parameter; <paramref name="negativeRate"/> is minus its rate in this step.</summary>
    protected abstract void Update(int index, Tensor parameter, Tensor gradient, Scalar negativeRate);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state in State.Values)
        {
            state.Dispose();
        }

        GC.SuppressFinalize(this);
    }
}
