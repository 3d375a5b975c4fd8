using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>Adam (Kingma and Ba, 2015) with the L2 penalty added to the gradient.</summary>
public sealed class AdamOptimizer : Optimizer
{
    /// <summary>Epsilon of the paper.</summary>
    public const double UsualEpsilon = 1e-8;

    private readonly (double First, double Second) _betas;
    private readonly Scalar _beta1;
    private readonly Scalar _oneMinusBeta1;
    private readonly Scalar _beta2;
    private readonly Scalar _oneMinusBeta2;
    private readonly Scalar _epsilon;
    private readonly Tensor[] _first;
    private readonly Tensor[] _second;
    private readonly Tensor _steps;
    private double _step;
    private Scalar _secondCorrection = 1.0;

    /// <summary>Starts with zero moments.</summary>
    /// <param name="module">Its trainable parameters are optimised.</param>
    /// <param name="weightDecay">Factor of the L2 penalty's gradient.</param>
    /// <param name="epsilon">Added to the root of the second moment: gradients well below it move nothing.</param>
    /// <param name="normBiasRate">Learning rate of the shifts of batch normalisation as a multiple of the
    /// others'.</param>
    /// <param name="betas">How much of each moment stays after a step; 0.9 and 0.999 unless given.</param>
    public AdamOptimizer(
        nn.Module module,
        double weightDecay,
        double epsilon = UsualEpsilon,
        double normBiasRate = 1,
        (double First, double Second)? betas = null
    )
        : base(module, weightDecay, normBiasRate)
    {
        _betas = betas ?? (0.9, 0.999);
        (_beta1, _oneMinusBeta1) = (_betas.First, 1 - _betas.First);
        (_beta2, _oneMinusBeta2) = (_betas.Second, 1 - _betas.Second);
        _epsilon = epsilon;
        _first = [.. Parameters.Select(parameter => zeros_like(parameter.parameter).DetachFromDisposeScope())];
        _second = [.. Parameters.Select(parameter => zeros_like(parameter.parameter).DetachFromDisposeScope())];
        _steps = zeros(1, dtype: ScalarType.Float64).DetachFromDisposeScope();
        var state = new Dictionary<string, Tensor> { ["steps"] = _steps };
        for (var i = 0; i < Parameters.Count; i++)
        {
            state["first." + Parameters[i].name] = _first[i];
            state["second." + Parameters[i].name] = _second[i];
        }

        State = state;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor> State { get; }

    /// <inheritdoc/>
    protected override double BeginStep(double learningRate)
    {
        // The count lives in a tensor so that it is saved with the moments; it is read back once, after a restore.
        _step = _step == 0 ? _steps.item<double>() + 1 : _step + 1;
        _steps.fill_(_step);
        _secondCorrection = 1 / Math.Sqrt(1 - Math.Pow(_betas.Second, _step));
        return learningRate / (1 - Math.Pow(_betas.First, _step));
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, Scalar negativeRate)
    {
        _first[index].mul_(_beta1);
        _first[index].add_(gradient, _oneMinusBeta1);
        _second[index].mul_(_beta2);
        _second[index].addcmul_(gradient, gradient, _oneMinusBeta2);
        var root = _second[index].sqrt();
        root.mul_(_secondCorrection);
        root.add_(_epsilon);
        parameter.addcdiv_(_first[index], root, negativeRate);
    }
}
