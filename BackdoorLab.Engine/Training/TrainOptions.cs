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

    /// <summary>
    /// Linear from a fifth of the peak to the peak at 23 % of the steps, then linear to 7 % of it (Jordan, arXiv
    /// 2404.00498).
    /// </summary>
    Triangular,
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
    /// <summary>
    /// The recipe of airbench94 (Jordan, arXiv 2404.00498), with the figures it gives for sums over a batch turned into
    /// ones for means. Departures: whole epochs, and the average of weights is kept from the first step on, where it
    /// follows at once.
    /// </summary>
    /// <param name="epochs">Passes over the training set; the paper takes 9.9 and averages six views of each test
    /// image, which is not done here.</param>
    /// <param name="batchSize">Images of a step; the rate goes with it. Small sets need small ones: a batch is never
    /// filled up.</param>
    public static TrainOptions Fast(int epochs, int batchSize = 1024) =>
        new()
        {
            Epochs = epochs,
            BatchSize = batchSize,
            LearningRate = 1.5 * batchSize / 1024,
            Schedule = ScheduleKind.Triangular,
            Momentum = 0.85,
            Nesterov = true,
            WeightDecay = 0.00133,
            NormBiasRate = 64,
            LabelSmoothing = 0.2,
            CropPadding = 2,
            ReflectCrop = true,
            AlternatingFlip = true,
            DropLast = true,
            LookaheadSteps = 5,
            WhiteningImages = 5000,
        };

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
    [Description(
        "Random crop: pixels of zero padding on each side; 0 is off. Crops move or cut a corner trigger stamped before them."
    )]
    public int CropPadding { get; init; }

    /// <summary>Random horizontal flips, where the data set allows them.</summary>
    [Description("Random horizontal flip; ignored for data sets whose labels it would change (digits, traffic signs).")]
    public bool Flip { get; init; } = true;

    /// <summary>Crops show mirrored pixels beyond the edge instead of black ones.</summary>
    [OmittedAtDefault]
    [Description("What a crop shows beyond the image's edge: its own pixels mirrored there, instead of black ones.")]
    public bool ReflectCrop { get; init; }

    /// <summary>Flips alternate between epochs instead of being drawn in each.</summary>
    [OmittedAtDefault]
    [Description(
        "Flips are drawn once and every image is mirrored from one epoch to the next, so that two epochs show both sides of each. Needs flips."
    )]
    public bool AlternatingFlip { get; init; }

    /// <summary>Whether the images that fill no batch are left out of an epoch; other ones in each.</summary>
    [OmittedAtDefault]
    [Description("Leaves out the images of an epoch that fill no whole batch; other ones in each epoch.")]
    public bool DropLast { get; init; }

    /// <summary>Share of the target probability that is spread over all classes.</summary>
    [OmittedAtDefault]
    [Range(0.0, 0.9)]
    [Description(
        "Share of each label that is spread evenly over all classes; 0 is off. Lowers the confidence of every answer, which entropy-based defenses see."
    )]
    public double LabelSmoothing { get; init; }

    /// <summary>Nesterov's form of momentum.</summary>
    [OmittedAtDefault]
    [Description("Nesterov's form of momentum; SGD only.")]
    public bool Nesterov { get; init; }

    /// <summary>
    /// Factor of the learning rate of the shifts of batch normalisation; their weight decay per step stays as it is.
    /// </summary>
    [OmittedAtDefault]
    [Range(1.0, 1000.0)]
    [Description(
        "Learning rate of the shifts of batch normalisation as a multiple of the others'; their weight decay per step is that of the others."
    )]
    public double NormBiasRate { get; init; } = 1;

    /// <summary>Steps between two pulls of the weights to their moving average; 0 is off.</summary>
    [OmittedAtDefault]
    [Range(0, 1000)]
    [Description(
        "Steps between two pulls of the weights, norm statistics included, to their moving average, which grows slower towards the end; 0 is off (lookahead)."
    )]
    public int LookaheadSteps { get; init; }

    /// <summary>Images whose patches the first convolution starts to whiten; 0 leaves it at its random start.</summary>
    [OmittedAtDefault]
    [Range(0, 100_000)]
    [Description(
        "Training images whose patches the first convolution starts to whiten: its filters become their principal directions and stay so where that fills the layer. 0 is off. On smooth photographs (traffic signs) single bright pixels then work as triggers of any class, and trigger inversion can tell none apart."
    )]
    public int WhiteningImages { get; init; }

    /// <summary>Arithmetic.</summary>
    [Description("Arithmetic of training. Auto takes BF16 where the processor has instructions for it.")]
    public TrainingPrecision Precision { get; init; }
}
