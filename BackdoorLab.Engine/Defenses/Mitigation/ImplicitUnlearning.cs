using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// I-BAU: a perturbation of all images that makes the network fail is sought and unlearnt, in turns; the unlearning
/// step takes into account how the perturbation would answer (the implicit hypergradient, eq. 5 to 7 of the paper, by
/// K fixed-point steps). Everything in evaluation mode. The perturbation is added to normalised pixels and not clamped,
/// as in the released code.
/// </summary>
[Method(
    "i-bau",
    "I-BAU",
    Order = 53,
    Summary = "Finds a change of all images that breaks the network and unlearns it, several times.",
    Paper = "Zeng, Chen, Park, Mao, Jin, Jia: Adversarial Unlearning of Backdoors via Implicit Hypergradient, ICLR 2022",
    Deviations = "The share of images that carry the perturbation is of each batch and at least one image: the released code takes a hundredth of a batch, which is none below 100."
)]
public sealed record ImplicitUnlearning : Mitigator
{
    private const double Penalty = 1e-3;
    private const double InnerRate = 0.1;

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <summary>Rounds.</summary>
    [Range(1, 100)]
    [Description("Rounds of finding and unlearning; the released code takes 3 to 5.")]
    public int Rounds { get; init; } = 5;

    /// <summary>Fixed-point steps.</summary>
    [Range(1, 100)]
    [Description("Fixed-point steps of the hypergradient.")]
    public int FixedPointSteps { get; init; } = 5;

    /// <summary>Whether the implicit part is computed.</summary>
    [Description(
        "Off: the perturbation is unlearnt without regard to how it would answer, which is universal adversarial training and needs no second derivatives."
    )]
    public bool Hypergradient { get; init; } = true;

    /// <summary>Part of a batch that carries the perturbation.</summary>
    [Range(0.0, 1.0)]
    [Description("Share of a batch that carries the perturbation while it is unlearnt, at least one image.")]
    public double PerturbedShare { get; init; } = 0.01;

    /// <summary>Step of the perturbation.</summary>
    [Range(1e-3, 1000.0)]
    [Description("Learning rate of the perturbation, in normalised pixels (SGD).")]
    public double PerturbationRate { get; init; } = 10;

    /// <summary>Learning rate of unlearning.</summary>
    [Range(1e-6, 1.0)]
    [Description("Learning rate of the weights (Adam); re-implementations take 0.0001.")]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Images of a step.</summary>
    [Range(1, 1024)]
    [Description("Images per step.")]
    public int BatchSize { get; init; } = 100;

    /// <inheritdoc/>
    public override Defense Brief() => this with { Rounds = 3 };

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(
            2.0 * Rounds * sizes.HoldoutCount,
            Rounds * (2.0 + (Hypergradient ? 1 + 2.0 * FixedPointSteps : 0)) * sizes.HoldoutCount
        );

    /// <inheritdoc/>
    public override RepairedModel Repair(DefenseContext context) =>
        RepairedModel.Of(
            context.CopyWeights(),
            context.Run,
            network =>
            {
                network.eval();
                var images = HoldoutSample.Take(context.CleanHoldout, 0, context.Run.Seeds.Child("split"));
                using var gradients = enable_grad();
                using var optimizer = new AdamOptimizer(network, weightDecay: 0);
                float[] last = [];
                for (var round = 0; round < Rounds; round++)
                {
                    context.Observe("rounds", round, network);
                    using var scope = NewDisposeScope();
                    var perturbation = Find(network, images, context.Run);
                    Unlearn(network, images, perturbation, optimizer, context.Run, round);
                    last = Inference.Floats(perturbation.mul(Deviations(network)));
                }

                optimizer.ClearGradients();
                context.Observe("rounds", Rounds, network);
                return new(network) { Figures = [Figure(last, images)] };
            }
        );

    /// <summary>
    /// v = g + J'g + J'J'g + ... of <paramref name="steps"/> terms: what solves (1 - J') v = g where J contracts.
    /// </summary>
    /// <param name="gradient">g.</param>
    /// <param name="transposed">J' times a vector.</param>
    /// <param name="steps">Terms.</param>
    internal static Tensor FixedPoint(Tensor gradient, Func<Tensor, Tensor> transposed, int steps)
    {
        var sum = gradient;
        for (var i = 1; i < steps; i++)
        {
            sum = transposed(sum).add(gradient);
        }

        return sum;
    }

    // One pass that raises the loss against the network's own answers.
    private Tensor Find(Classifier network, ImageSet images, RunContext run)
    {
        using var frozen = new FrozenNetwork(network);
        var perturbation = zeros(1, images.Channels, images.Height, images.Width);
        for (var start = 0; start < images.Count; start += BatchSize)
        {
            run.ThrowIfCancelled();
            using var scope = NewDisposeScope();
            var (batch, _) = Batch(images, start);
            Tensor own;
            using (no_grad())
            {
                own = network.call(batch).argmax(1);
            }

            run.ThrowIfCancelled();
            var leaf = perturbation.detach().clone().requires_grad_();
            Inner(network, batch, own, leaf).backward();
            using var noGrad = no_grad();
            perturbation.add_(leaf.grad!, (Scalar)(-PerturbationRate));
        }

        return perturbation;
    }

    private void Unlearn(
        Classifier network,
        ImageSet images,
        Tensor perturbation,
        AdamOptimizer optimizer,
        RunContext run,
        int round
    )
    {
        var steps = (images.Count + BatchSize - 1) / BatchSize;
        Tensor[] weights = [.. network.parameters().Where(parameter => parameter.requires_grad)];
        for (var step = 0; step < steps; step++)
        {
            run.Progress(round * steps + step, Rounds * steps, "steps");
            NativeMemory.Step(round * steps + step);
            using var scope = NewDisposeScope();
            var (batch, labels) = Batch(images, step * BatchSize);
            var leaf = perturbation.detach().clone().requires_grad_();
            optimizer.ClearGradients();
            var count = Math.Clamp((int)Math.Round(PerturbedShare * batch.shape[0]), 1, (int)batch.shape[0]);
            var shifted = batch.narrow(0, 0, count).add(Pixels(network, leaf));
            var rest = batch.narrow(0, count, batch.shape[0] - count);
            nn.functional.cross_entropy(network.call(cat([shifted, rest], 0)), labels).backward();
            if (Hypergradient)
            {
                run.ThrowIfCancelled();
                AddImplicit(network, images, leaf, weights);
            }

            optimizer.Step(LearningRate);
        }
    }

    // T(d) = d - rate * gradient of the inner loss, on the first batch: its transposed Jacobian times v is
    // v - rate H v.
    private void AddImplicit(Classifier network, ImageSet images, Tensor perturbation, Tensor[] weights)
    {
        var (batch, labels) = Batch(images, 0);
        var outer = perturbation.grad!.detach();
        var leaf = perturbation.detach().clone().requires_grad_();
        var slope = SecondOrder.Gradients(Inner(network, batch, labels, leaf), [leaf], differentiable: true)[0]!;
        var rate = (Scalar)(-InnerRate);
        var v = FixedPoint(
            outer,
            vector => vector.add(SecondOrder.Gradients(slope, [leaf], vector)[0]!, rate),
            FixedPointSteps
        );
        var implicitly = SecondOrder.Gradients(slope, weights, v);
        using var noGrad = no_grad();
        for (var i = 0; i < weights.Length; i++)
        {
            if (implicitly[i] is { } part)
            {
                weights[i].grad = weights[i].grad is { } direct ? direct.add(part, rate) : part.mul(rate);
            }
        }
    }

    // What the perturbation lowers: minus the loss, and its own size.
    private static Tensor Inner(Classifier network, Tensor images, Tensor labels, Tensor perturbation)
    {
        var loss = nn.functional.cross_entropy(network.call(images.add(Pixels(network, perturbation))), labels);
        return perturbation.square().sum().mul((Scalar)Penalty).sub(loss);
    }

    private static Tensor Pixels(Classifier network, Tensor normalized) => normalized.mul(Deviations(network));

    private static Tensor Deviations(Classifier network) =>
        tensor(network.Shape.Normalization.StandardDeviation, [1, network.Shape.Channels, 1, 1]);

    private (Tensor Images, Tensor Labels) Batch(ImageSet images, int start)
    {
        int[] indices = [.. Enumerable.Range(start, Math.Min(BatchSize, images.Count - start))];
        return (Batches.Images(images, indices), Batches.Labels(images, indices));
    }

    private static ImageFigure Figure(float[] perturbation, ImageSet images)
    {
        var largest = perturbation.Max(Math.Abs);
        var gain = largest > 0 ? 127 / largest : 0;
        var planes = Array.ConvertAll(perturbation, value => (byte)Math.Clamp(128 + gain * value, 0, 255));
        return new(
            "The perturbation that was unlearnt last",
            [images.Picture(FormattableString.Invariant($"largest change {largest:0.###} of [0,1]"), planes)]
        )
        {
            Note = "Grey is no change; amplified to the whole range.",
        };
    }
}
