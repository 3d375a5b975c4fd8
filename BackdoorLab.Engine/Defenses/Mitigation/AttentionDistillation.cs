using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// NAD: the network is trained to look where a fine-tuned copy of itself looks. The attention map of a stage is the sum
/// over channels of the squared activations (eq. 2 of the paper with p = 2), divided by its norm; the loss is
/// cross-entropy plus the weighted mean squared difference of the maps of the last three stages (eq. 4).
/// </summary>
[Method(
    "nad",
    "NAD",
    Order = 56,
    Summary = "Fine-tunes a copy as a teacher, then trains the network to have its attention maps.",
    Paper = "Li, Lyu, Koren, Lyu, Li, Ma: Neural Attention Distillation: Erasing Backdoor Triggers from Deep Neural Networks, ICLR 2021",
    Deviations = "The epoch is the last, where the released code keeps the one with the best test accuracy. Momentum starts anew where the rate falls. Of a network with fewer than three stages the last weights count; a transformer's tokens are a map."
)]
public sealed record AttentionDistillation : Mitigator
{
    private const int Stages = 3;
    private const double ZeroNorm = 1e-6;

    /// <summary>How good the teacher is.</summary>
    public static Metric TeacherAccuracy { get; } =
        new(
            "teacher-accuracy",
            "Accuracy of the teacher",
            "Teacher CA",
            MetricUnit.Share,
            null,
            "Share of the clean holdout that NAD's teacher, the fine-tuned copy, gets right: a student is not better than its teacher."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [TeacherAccuracy];

    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Feature;

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <summary>Passes of the teacher.</summary>
    [Range(1, 200)]
    [Description("Passes over the clean holdout by which the copy becomes the teacher.")]
    public int TeacherEpochs { get; init; } = 10;

    /// <summary>Passes of the student.</summary>
    [Range(1, 200)]
    [Description("Passes over the clean holdout of the student.")]
    public int Epochs { get; init; } = 20;

    /// <summary>Passes at the first rate.</summary>
    [Range(0, 200)]
    [Description("Passes, of the teacher and of the student, at the first learning rate.")]
    public int FastEpochs { get; init; } = 2;

    /// <summary>First rate.</summary>
    [Range(1e-6, 1.0)]
    [Description("First learning rate; a tenth of it after that. Deep networks need 0.05, GTSRB 0.02.")]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Weight of the stage before the two last ones.</summary>
    [Range(0.0, 100_000.0)]
    [Description("Weight of the maps of the third stage from the end.")]
    public double FirstWeight { get; init; } = 500;

    /// <summary>Weight of the last two stages.</summary>
    [Range(0.0, 100_000.0)]
    [Description("Weight of the maps of the last two stages.")]
    public double LastWeight { get; init; } = 1000;

    /// <summary>Images of a step.</summary>
    [Range(1, 1024)]
    [Description("Images per step.")]
    public int BatchSize { get; init; } = 64;

    /// <summary>Points of the curves.</summary>
    [Range(0, 100)]
    [Description("Models measured for the curves of teacher and student; 0 draws none.")]
    public int CurvePoints { get; init; } = 3;

    /// <inheritdoc/>
    public override Defense Brief() => this with { TeacherEpochs = 5, Epochs = 10 };

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(
            4.0 * CurvePoints * Math.Min(sizes.TestCount, 1000) + (double)Epochs * sizes.HoldoutCount,
            (double)(TeacherEpochs + Epochs) * sizes.HoldoutCount
        );

    /// <inheritdoc/>
    public override RepairedModel Repair(DefenseContext context) =>
        RepairedModel.Of(
            context.CopyWeights(),
            context.Run,
            student =>
            {
                if (StageTap.Names(student).Count == 0)
                {
                    throw new NotApplicableException("This network has no stages whose attention could be compared.");
                }

                var images = HoldoutSample.Take(context.CleanHoldout, 0, context.Run.Seeds.Child("split"));
                using var teacher = student.Clone();
                Tune(teacher, images, TeacherEpochs, "teacher", context, null);
                var accuracy = Inference.Accuracy(teacher, images, context.Run);
                using var frozen = new FrozenNetwork(teacher);
                using var taught = new StageTap(FloatArithmetic.Instance);
                using var learnt = new StageTap(FloatArithmetic.Instance);
                Tune(
                    student,
                    images,
                    Epochs,
                    "student",
                    context,
                    (batch, labels, _) => Loss(student, learnt, teacher, taught, batch, labels)
                );
                return new(student)
                {
                    Numbers = [new(TeacherAccuracy, accuracy)],
                    Figures = [AttentionFigure.Of(context.Model.FloatModel, student, images, context.Run)],
                };
            }
        );

    /// <summary>
    /// Attention of a stage, [N, positions]: squared activations float [N,C,h,w] summed over channels, each row of norm
    /// one.
    /// </summary>
    internal static Tensor Attention(Tensor activations)
    {
        var maps = activations.to_type(ScalarType.Float32).square().sum(1).flatten(1);
        return maps.div(maps.norm(1, keepdim: true).add(tensor((float)ZeroNorm)));
    }

    private Tensor Loss(
        Classifier student,
        StageTap learnt,
        Classifier teacher,
        StageTap taught,
        Tensor images,
        Tensor labels
    )
    {
        var loss = nn.functional.cross_entropy(learnt.Logits(student, images).to_type(ScalarType.Float32), labels);
        using (no_grad())
        {
            taught.Logits(teacher, images);
        }

        var last = Math.Min(Stages, learnt.Stages.Count);
        for (var i = 1; i <= last; i++)
        {
            var difference = nn.functional.mse_loss(
                Attention(learnt.Stages[^i].Values),
                Attention(taught.Stages[^i].Values)
            );
            loss = loss.add(difference.mul(tensor((float)(i == Stages ? FirstWeight : LastWeight))));
        }

        return loss;
    }

    // Two parts, each at a constant rate.
    private void Tune(
        Classifier network,
        ImageSet images,
        int epochs,
        string name,
        DefenseContext context,
        BatchLoss? loss
    )
    {
        var fast = Math.Min(FastEpochs, epochs);
        foreach (var (from, count, rate) in new[] { (0, fast, LearningRate), (fast, epochs - fast, LearningRate / 10) })
        {
            if (count > 0)
            {
                var plan = new TuningPlan(count, BatchSize, rate)
                {
                    Schedule = ScheduleKind.Constant,
                    WeightDecay = 1e-4,
                    Nesterov = true,
                    CropPadding = 4,
                    CurvePoints = CurvePoints,
                    Phase = $"epochs of the {name}",
                    From = from,
                };
                HoldoutTuning.Run(network, images, plan, context, $"{name} {from}", new() { Loss = loss });
            }
        }
    }
}
