using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The pictures of a trigger inversion: triggers, norms, success rates.</summary>
internal static class InversionFigures
{
    internal static IReadOnlyList<Figure> Of(
        ReversedTriggers reversed,
        double?[] deployed,
        NormOutliers outliers,
        ImageSet images,
        int mostPictures
    )
    {
        var (triggers, norms, _) = reversed;
        string[] names = [.. images.ClassNames];
        var shown = Enumerable
            .Range(0, triggers.Length)
            .OrderBy(label => triggers[label].Norm)
            .Take(mostPictures)
            .Order();
        return
        [
            new ImageFigure(
                "Reversed triggers",
                [.. shown.Select(label => Picture(triggers[label], Caption(names, label, triggers[label]), images))]
            )
            {
                Kind = FigureKind.ReversedTriggers,
                Note =
                    "Mask times pattern: what the optimisation pastes on every image to send it to the class, with the share of clean images that it sends there.",
            },
            new BarFigure(
                "Norms of the reversed masks",
                "class",
                "L1 norm (pixels)",
                names,
                [new BarSeries("norm", [.. norms.Select(norm => (double?)norm)])],
                outliers.CutNorm > 0 ? outliers.CutNorm : null
            )
            {
                Note =
                    outliers.CutNorm > 0
                        ? "The paper's rule flags classes below the line."
                        : "No line: the norms spread so widely that the paper's rule cannot flag any class.",
            },
            new BarFigure(
                "Success of the reversed triggers",
                "class",
                "share sent to the class",
                names,
                [
                    new BarSeries(
                        "clean holdout, while reversing",
                        [.. triggers.Select(trigger => (double?)trigger.Success)]
                    ),
                    new BarSeries("deployed model, other classes", deployed),
                ]
            )
            {
                Note = reversed.OnTwin
                    ? "A trigger is reversed on a differentiable twin and then tried on the model as it is deployed."
                    : "A trigger is reversed on the model as it is deployed and then tried there on all images.",
            },
        ];
    }

    /// <summary>Mask times pattern as 8-bit pixels.</summary>
    internal static PixelImage Picture(ReversedTrigger trigger, string caption, ImageSet images)
    {
        var (channels, plane) = (images.Channels, images.Height * images.Width);
        var pixels = new byte[plane * channels];
        for (var i = 0; i < plane; i++)
        {
            for (var c = 0; c < channels; c++)
            {
                pixels[i * channels + c] = (byte)
                    Math.Round(255 * Math.Clamp(trigger.Mask[i] * trigger.Pattern[c * plane + i], 0, 1));
            }
        }

        return new PixelImage(caption, images.Width, images.Height, channels, pixels);
    }

    private static string Caption(string[] names, int label, ReversedTrigger trigger) =>
        FormattableString.Invariant(
            $"{names[label]}: {trigger.Norm:0.0} px, {(trigger.Reached ? "" : "no working trigger, ")}{100 * trigger.Success:0.0} % of {trigger.Tried}"
        );
}
