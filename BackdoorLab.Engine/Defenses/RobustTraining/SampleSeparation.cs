using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Sample distinguishment (Chen et al., NeurIPS 2022, section 4.2): features of poison move more when an image is
/// turned and shifted. A fresh network is trained for a few passes, then by the centre loss alone; samples are ranked
/// by how far their features move.
/// </summary>
/// <param name="warmUpEpochs">Passes of the usual loss, without augmentation.</param>
/// <param name="centreEpochs">Passes of the centre loss at most.</param>
/// <param name="learningRate">Constant rate of both.</param>
internal sealed class SampleSeparation(int warmUpEpochs, int centreEpochs, double learningRate)
{
    private const double Turn = 180;
    private const double Move = 0.2;
    private const int NormImages = 512;
    private static readonly Scalar Tiny = 1e-8f;

    internal double Images(int trainCount) => (warmUpEpochs + centreEpochs + 1.0) * trainCount;

    /// <summary>How far each sample's features move, mean square; the network that tells is thrown away.</summary>
    /// <param name="training">The training.</param>
    /// <param name="to">Share of the whole method's work that is done after.</param>
    internal (float[] Distances, int CentreEpochs) Distances(RobustTraining training, double to)
    {
        var images = training.TrainingSet;
        using var network = training.Build();
        var options = training.Recipe with
        {
            Epochs = warmUpEpochs,
            LearningRate = learningRate,
            Schedule = ScheduleKind.Constant,
            Flip = false,
            AlternatingFlip = false,
            CropPadding = 0,
        };
        var each = to / (warmUpEpochs + centreEpochs);
        training.Train("warm-up", network, images, options, 0, each * warmUpEpochs);
        var done = Centre(training, network, options with { Epochs = 1, WhiteningImages = 0 }, each);
        return (Moved(network, images, training.Run), done);
    }

    /// <summary>
    /// Mean cosine between the centres of different classes in a batch, to be lowered: features float [n, d], their
    /// labels.
    /// </summary>
    internal static Tensor CentreLoss(Tensor features, ReadOnlySpan<int> labels)
    {
        var given = labels.ToArray();
        int[] classes = [.. given.Distinct().Order()];
        if (classes.Length < 2)
        {
            return features.sum().mul((Scalar)0);
        }

        var means = new float[classes.Length * given.Length];
        for (var c = 0; c < classes.Length; c++)
        {
            var count = given.Count(label => label == classes[c]);
            for (var i = 0; i < given.Length; i++)
            {
                means[c * given.Length + i] = given[i] == classes[c] ? 1f / count : 0;
            }
        }

        var centres = tensor(means, [classes.Length, given.Length]).mm(features);
        var unit = centres.div(centres.norm(1, keepdim: true).add(Tiny));
        var cosines = unit.mm(unit.t());
        var pairs = classes.Length * (classes.Length - 1);
        return cosines.sum().sub(cosines.diagonal().sum()).div((Scalar)pairs);
    }

    // The centre loss can shrink all features to nothing, where every distance is zero: it ends before that.
    private int Centre(RobustTraining training, Classifier network, TrainOptions options, double each)
    {
        var images = training.TrainingSet;
        var some = images.Draw(NormImages, training.Run.Seeds.Child("norms"));
        var norm = Norm(network, some, training.Run);
        for (var epoch = 0; epoch < centreEpochs; epoch++)
        {
            var from = each * (warmUpEpochs + epoch);
            training.Train(
                $"centre {epoch}",
                network,
                images,
                options,
                from,
                from + each,
                new()
                {
                    Loss = (batch, _, indices) =>
                    {
                        var labels = new int[indices.Length];
                        for (var i = 0; i < labels.Length; i++)
                        {
                            labels[i] = images.Labels[indices[i]];
                        }

                        return CentreLoss(network.Features(batch).to_type(ScalarType.Float32), labels);
                    },
                }
            );
            if (Norm(network, some, training.Run) < norm / 2)
            {
                return epoch + 1;
            }
        }

        return centreEpochs;
    }

    private static double Norm(Classifier network, ImageSet images, RunContext run) =>
        Inference.Rows(batch => network.Features(batch).norm(1, keepdim: true), images, run).Average();

    private static float[] Moved(Classifier network, ImageSet images, RunContext run)
    {
        var random = run.Seeds.Child("views").Random();
        return Inference.Rows(
            batch =>
                network
                    .Features(batch)
                    .sub(network.Features(Views.Moved(batch, Turn, Move, random)))
                    .square()
                    .mean([1], keepdim: true),
            images,
            run
        );
    }
}
