using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The rule that the released harness calls Fine-Pruning: nothing is pruned and nothing fine-tuned; a model is flagged
/// when many channels are nearly silent on clean images.
/// </summary>
[Method(
    "seed-fine-pruning",
    "Fine-Pruning (released harness)",
    Order = 240,
    Summary = "Not the paper's method: the released Quantization Blindspots harness flags a model when more than 30 % of its channels put out less than 0.01 on clean images. Nothing is pruned or repaired.",
    Paper = "Rule of the code released with Pandey and Ye, Quantization Blindspots, arXiv 2512.06243, 2025; the method is Liu, Dolan-Gavitt, Garg, Fine-Pruning, RAID 2018",
    Deviations = "From Fine-Pruning: a detector, not a repair. From the harness: the clean holdout in place of the clean test set; read on a float network with the precision's weights, where the harness passes over integer layers."
)]
public sealed record ReleasedFinePruning : ReleasedRule
{
    private const int MostImages = 640;
    private const double Silent = 0.01;
    private const double Cut = 0.3;

    /// <inheritdoc/>
    public override string? ReleasedVariantOf => "fine-pruning";

    /// <summary>Channels below the cut.</summary>
    public static Metric SilentChannels { get; } =
        new(
            "silent-channels",
            "Silent channels",
            "Silent channels",
            MetricUnit.Number,
            null,
            "Channels that put out less than 0.01 on clean images."
        );

    /// <summary>Channels looked at.</summary>
    public static Metric Channels { get; } =
        new(
            "channels",
            "Channels",
            "Channels",
            MetricUnit.Number,
            null,
            "Channels of all convolutions and linear layers."
        );

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Numbers => [SilentChannels, Channels];

    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) => new(Math.Min(MostImages, sizes.HoldoutCount), 0);

    /// <inheritdoc/>
    public override ModelVerdict Detect(DefenseContext context)
    {
        var images = HoldoutSample.First(context.CleanHoldout, MostImages);
        using var network = context.CopyWeights();
        network.eval();
        var outputs = new LayerOutputs();
        Inference.Rows(batch => network.Logits(outputs, batch), images, context.Run);
        return outputs.Sums.Count == 0
            ? throw new NotApplicableException("This network has no convolution or linear layer.")
            : Verdict([.. outputs.Sums.SelectMany(layer => layer).Select(sum => sum / images.Count)]);
    }

    /// <summary>More than three tenths of the channels below a hundredth.</summary>
    internal static ModelVerdict Verdict(double[] meanOutputs)
    {
        var silent = meanOutputs.Count(output => output < Silent);
        var share = (double)silent / meanOutputs.Length;
        return new ModelVerdict
        {
            Verdict = Results.Verdict.Of(share > Cut, ("detector-score", share), ("detector-threshold", Cut)),
            Score = share,
            Threshold = Cut,
            Numbers = [new(SilentChannels, silent), new(Channels, meanOutputs.Length)],
            Figures = [OwnTail.Sorted("Mean outputs of all channels", "mean absolute output", meanOutputs)],
        };
    }

    /// <summary>
    /// Float arithmetic that adds up what every convolution and linear layer puts out, before normalisation and ReLU.
    /// </summary>
    private sealed class LayerOutputs : FloatArithmetic
    {
        private readonly Dictionary<WeightLayer, double[]> _sums = [];

        /// <summary>Per layer and channel the sum over images of the mean absolute output.</summary>
        internal IReadOnlyCollection<double[]> Sums => _sums.Values;

        public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
        {
            var values = layer.call(input);
            using (var perImage = values.abs().mean([2, 3]))
            {
                Add(layer, perImage);
            }

            return ReluIf(norm is null ? values : norm.call(values), relu);
        }

        public override Tensor Connect(FullyConnected layer, bool relu, Tensor input)
        {
            var values = layer.call(input);
            // Of a layer that runs on every token, the mean over tokens.
            using (var magnitudes = values.abs())
            using (var perImage = magnitudes.dim() == 3 ? magnitudes.mean([1]) : magnitudes.alias())
            {
                Add(layer, perImage);
            }

            return ReluIf(values, relu);
        }

        private void Add(WeightLayer layer, Tensor perImage)
        {
            var rows = Inference.Floats(perImage);
            var channels = (int)perImage.shape[1];
            if (!_sums.TryGetValue(layer, out var sums))
            {
                _sums[layer] = sums = new double[channels];
            }

            for (var i = 0; i < rows.Length; i++)
            {
                sums[i % channels] += rows[i];
            }
        }
    }
}
