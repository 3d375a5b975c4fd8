using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The pictures of Beatrix: deviations and statistics of the classes.</summary>
internal static class BeatrixFigures
{
    internal static IReadOnlyList<Figure> Of(
        List<BeatrixClass> tested,
        double[] indices,
        double cut,
        IReadOnlyList<string> names
    )
    {
        string[] classes = [.. tested.Select(given => names[given.Label])];
        return
        [
            new BarFigure(
                "Index of the discrepancy",
                "class",
                "MAD index",
                classes,
                [
                    new BarSeries("index", [.. indices.Select(index => (double?)index)]),
                    new BarSeries("discrepancy", [.. tested.Select(given => (double?)given.Discrepancy)]),
                ],
                cut
            )
            {
                Note = "A class whose index is above the line is called infected; it counts in both directions.",
            },
            new BarFigure(
                "Deviations of training images",
                "predicted class",
                "deviation",
                classes,
                [
                    new BarSeries("threshold", [.. tested.Select(given => (double?)given.Threshold)]),
                    new BarSeries("median", [.. tested.Select(given => (double?)At(given, 0.5))]),
                    new BarSeries("95 % below", [.. tested.Select(given => (double?)At(given, 0.95))]),
                ]
            )
            {
                Note = "Images above the threshold of the class that the model predicts are flagged.",
            },
            new BarFigure(
                "Flagged training images",
                "predicted class",
                "share flagged",
                classes,
                [new BarSeries("flagged", [.. tested.Select(given => (double?)given.FlaggedShare)])]
            )
            {
                Note = "Of clean images of the class about as many as the threshold leaves above it.",
            },
        ];
    }

    private static double At(BeatrixClass given, double share) => Quantiles.At(given.Deviations, share);
}
