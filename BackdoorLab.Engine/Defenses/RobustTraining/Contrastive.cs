using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>How a contrastive training goes.</summary>
/// <param name="Epochs">Passes.</param>
/// <param name="BatchSize">Images of a step, each in two views.</param>
/// <param name="LearningRate">Peak of a cosine.</param>
/// <param name="Temperature">Of the similarities.</param>
internal sealed record ContrastivePlan(int Epochs, int BatchSize, double LearningRate, double Temperature)
{
    private const double WeightDecay = 1e-4;

    /// <summary>Images through forward and backward pass: two views of each.</summary>
    internal double Images(int trainCount) => 2.0 * Epochs * trainCount;

    /// <summary>As training options: the views are drawn by the loss.</summary>
    internal TrainOptions Options(TrainOptions recipe, int images) =>
        new()
        {
            Epochs = Epochs,
            BatchSize = Math.Min(BatchSize, images),
            LearningRate = LearningRate,
            Schedule = ScheduleKind.Cosine,
            WeightDecay = WeightDecay,
            Flip = false,
            DropLast = true,
            Precision = recipe.Precision,
        };
}

/// <summary>
/// Contrastive learning (Chen et al., ICML 2020; with labels Khosla et al., NeurIPS 2020): two random views of an
/// image, and of images that are known to belong together, are drawn together and away from all others.
/// </summary>
internal static class Contrastive
{
    /// <summary>Belongs with its own other view alone.</summary>
    internal const int Alone = -1;

    private static readonly Scalar Never = -1e9f;

    /// <summary>Trains the network below a projection head that is thrown away.</summary>
    /// <param name="training">The training.</param>
    /// <param name="network">Trained in place.</param>
    /// <param name="plan">How.</param>
    /// <param name="groups">Images of one number belong together; <see cref="Alone"/> belongs with nobody.</param>
    /// <param name="from">Share of the whole method's work that is done before.</param>
    /// <param name="to">Share that is done after.</param>
    internal static void Train(
        RobustTraining training,
        Classifier network,
        ContrastivePlan plan,
        IReadOnlyList<int> groups,
        double from,
        double to
    )
    {
        var images = training.TrainingSet;
        using var projected = new ProjectedNetwork(network, training.Run.Seeds.Child("projection").Random());
        var seeds = training.Run.Seeds.Child("views");
        training.Train(
            "contrastive",
            projected,
            images,
            plan.Options(training.Recipe, images.Count),
            from,
            to,
            new()
            {
                Loss = (batch, _, indices) =>
                {
                    // By what is in the batch, so that a resumed training draws the same.
                    var random = seeds.Child(Mixed(indices)).Random();
                    var both = cat(
                        [View(batch, training.FlipAllowed, random), View(batch, training.FlipAllowed, random)],
                        0
                    );
                    var belongs = new int[indices.Length];
                    for (var i = 0; i < belongs.Length; i++)
                    {
                        belongs[i] = groups[indices[i]];
                    }

                    return Loss(projected.call(both), belongs, plan.Temperature);
                },
            }
        );
    }

    /// <summary>
    /// Mean over all views of minus the mean log share of those that belong with it among all others.
    /// </summary>
    /// <param name="projections">float [2n, d], rows of norm one: first views, then second ones.</param>
    /// <param name="groups">[n], as above.</param>
    /// <param name="temperature">Of the similarities.</param>
    internal static Tensor Loss(Tensor projections, int[] groups, double temperature)
    {
        var views = 2 * groups.Length;
        var (together, self) = (new float[views * views], new float[views * views]);
        for (var i = 0; i < views; i++)
        {
            var (group, own) = (groups[i % groups.Length], i % groups.Length);
            var count = 0;
            for (var j = 0; j < views; j++)
            {
                var other = j % groups.Length;
                var belongs = j != i && (other == own || (group != Alone && groups[other] == group));
                together[i * views + j] = belongs ? 1 : 0;
                count += belongs ? 1 : 0;
            }

            self[i * views + i] = 1;
            for (var j = 0; j < views; j++)
            {
                together[i * views + j] /= count * views;
            }
        }

        var similarities = projections.mm(projections.t()).div((Scalar)temperature);
        var others = similarities.add(tensor(self, [views, views]), Never);
        return nn.functional.log_softmax(others, 1).mul(tensor(together, [views, views])).sum().neg();
    }

    private static Tensor View(Tensor images, bool flip, Random random) =>
        Views.Coloured(Views.Cropped(images, 0.2, flip, random), 0.4, 0.8, 0.2, random);

    private static int Mixed(ReadOnlySpan<int> indices)
    {
        var mixed = 17;
        foreach (var index in indices)
        {
            mixed = unchecked(mixed * 31 + index);
        }

        return mixed;
    }
}
