using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Training;

/// <summary>Optimisation method.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent with momentum and weight decay.</summary>
    Sgd,

    /// <summary>Adam with decoupled weight decay switched off (L2 added to the gradient, as PyTorch's Adam).</summary>
    Adam,
}

/// <summary>Learning rate over the steps of a training.</summary>
public enum ScheduleKind
{
    /// <summary>Linear warm-up over the first quarter, then cosine to zero.</summary>
    OneCycle,

    /// <summary>Cosine from the peak to zero.</summary>
    Cosine,

    /// <summary>Divided by ten at one half and at three quarters.</summary>
    MultiStep,

    /// <summary>Constant.</summary>
    Constant,
}

/// <summary>Arithmetic of training; part of the result.</summary>
public enum TrainingPrecision
{
    /// <summary>BF16 where the processor has instructions for it, else FP32.</summary>
    Auto,

    /// <summary>float32 throughout: the reference.</summary>
    Float32,

    /// <summary>bfloat16 convolutions and linear layers with float32 master weights (autocast).</summary>
    BFloat16,
}

/// <summary>How a model is trained.</summary>
[Method("training", "Training")]
public sealed record TrainOptions : Method
{
    /// <summary>Passes over the training set.</summary>
    [Range(1, 1000)]
    [Description("Passes over the training set.")]
    public int Epochs { get; init; } = 6;

    /// <summary>Images per step.</summary>
    [Range(1, 4096)]
    [Description("Images per step.")]
    public int BatchSize { get; init; } = 128;

    /// <summary>Optimiser.</summary>
    [Description("SGD with momentum, or Adam.")]
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Peak learning rate.</summary>
    [Range(1e-6, 10.0)]
    [Description("Peak learning rate.")]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Learning rate schedule.</summary>
    [Description("Learning rate over the steps.")]
    public ScheduleKind Schedule { get; init; }

    /// <summary>SGD momentum.</summary>
    [Range(0.0, 0.999)]
    [Description("Momentum of SGD; ignored by Adam.")]
    public double Momentum { get; init; } = 0.9;

    /// <summary>L2 penalty.</summary>
    [Range(0.0, 1.0)]
    [Description("L2 penalty added to the gradient.")]
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Random crop padding in pixels; 0 switches it off.</summary>
    [Range(0, 16)]
    [Description("Random crop: pixels of zero padding on each side; 0 is off. Crops move or cut a corner trigger stamped before them.")]
    public int CropPadding { get; init; }

    /// <summary>Random horizontal flips, where the data set allows them.</summary>
    [Description("Random horizontal flip; ignored for data sets whose labels it would change (digits, traffic signs).")]
    public bool Flip { get; init; } = true;

    /// <summary>Arithmetic.</summary>
    [Description("Arithmetic of training. Auto takes BF16 where the processor has instructions for it.")]
    public TrainingPrecision Precision { get; init; }
}
