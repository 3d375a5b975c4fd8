using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// ANP: neurons that make the network fail when they are disturbed are the backdoor's. A mask on every channel is
/// learnt against noise that raises the loss (eq. 4 and 5 of the paper); channels with small masks are silenced.
/// </summary>
[Method(
    "anp",
    "ANP",
    Order = 52,
    Summary = "Learns a mask on every channel against adversarial noise, and silences the channels that noise makes fail.",
    Paper = "Wu, Wang: Adversarial Neuron Pruning Purifies Backdoored Deep Models, NeurIPS 2021",
    Deviations = "The threshold is the largest that costs at most ten points on a fifth of the clean holdout which the masks never saw; the released code sweeps it on test images. Running statistics do not drift while masks are learnt. In BF16 where training is."
)]
public sealed record AdversarialNeuronPruning : MaskedPruning
{
    /// <summary>Steps.</summary>
    [Range(1, 100_000)]
    [Description("Steps of the masks.")]
    public int Iterations { get; init; } = 2000;

    /// <summary>Images of a step.</summary>
    [Range(1, 1024)]
    [Description("Images per step, drawn anew with repetition.")]
    public int BatchSize { get; init; } = 128;

    /// <summary>Size of the noise.</summary>
    [Range(0.0, 10.0)]
    [Description("Largest relative change of scale and shift at the noise's start; its steps are not projected back.")]
    public double NoiseSize { get; init; } = 0.4;

    /// <summary>Steps of the noise.</summary>
    [Range(1, 100)]
    [Description("Sign steps of the noise, each of noise size / steps.")]
    public int NoiseSteps { get; init; } = 1;

    /// <summary>Weight of the clean loss.</summary>
    [Range(0.0, 1.0)]
    [Description("Weight of the loss without noise; the noisy one has the rest.")]
    public double CleanWeight { get; init; } = 0.2;

    /// <summary>Learning rate of the masks.</summary>
    [Range(1e-6, 10.0)]
    [Description("Learning rate of the masks (SGD, momentum 0.9).")]
    public double LearningRate { get; init; } = 0.2;

    /// <inheritdoc/>
    public override Defense Brief() => this with { Iterations = 400, BatchSize = 64 };

    private protected override double LearningImages(int holdout) => (NoiseSteps + 2.0) * Iterations * BatchSize;

    private protected override double[] Learn(Classifier network, ImageSet images, DefenseContext context)
    {
        using var masks = new NeuronMasks(network, context.Run);
        var augmentation = new Augmentation(4, context.FlipAllowed);
        for (var i = 0; i < Iterations; i++)
        {
            context.Run.Progress(i, Iterations, "steps");
            NativeMemory.Step(i);
            using var scope = NewDisposeScope();
            var random = context.Run.Seeds.Child("step").Child(i).Random();
            int[] indices = [.. Enumerable.Range(0, BatchSize).Select(_ => random.Next(images.Count))];
            masks.Step(
                Batches.Images(images, indices, augmentation, random),
                Batches.Labels(images, indices),
                this,
                random
            );
        }

        return masks.Values;
    }
}
