namespace BackdoorLab.Engine.Defenses;

/// <summary>What methods report that reverse a trigger for every class.</summary>
public static class InversionNumbers
{
    /// <summary>Neural Cleanse's index.</summary>
    public static Metric AnomalyIndex { get; } =
        Number(
            "anomaly-index",
            "Anomaly index",
            "Index",
            "Distance of the smallest reversed-trigger norm below the median, in units of 1.4826 times the "
                + "median absolute deviation."
        );

    /// <summary>The index on logarithms.</summary>
    public static Metric LogAnomalyIndex { get; } =
        Number(
            "log-anomaly-index",
            "Anomaly index of log norms",
            "Log index",
            "The anomaly index computed on logarithms of the norms, with a spread of at least 0.25; a declared deviation "
                + "from the paper."
        );

    /// <summary>The highest index that the spread allows.</summary>
    public static Metric IndexCeiling { get; } =
        Number(
            "index-ceiling",
            "Index ceiling",
            "Ceiling",
            "The index that a norm of zero would get; a rule whose cut lies near or above it cannot decide."
        );

    /// <summary>Smallest reversed trigger.</summary>
    public static Metric SmallestNorm { get; } =
        Number(
            "smallest-norm",
            "Smallest norm",
            "Min norm",
            "Smallest L1 norm of the reversed trigger masks, in pixels."
        );

    /// <summary>Typical reversed trigger.</summary>
    public static Metric MedianNorm { get; } =
        Number(
            "median-norm",
            "Median norm",
            "Median norm",
            "Median L1 norm of the reversed trigger masks over the classes, in pixels."
        );

    /// <summary>Smallest over median norm.</summary>
    public static Metric NormRatio { get; } =
        Number(
            "norm-ratio",
            "Norm ratio",
            "Norm ratio",
            "Smallest norm of the reversed trigger masks divided by their median."
        );

    /// <summary>Length of a trigger inversion.</summary>
    public static Metric UpdatesPerClass { get; } =
        Number(
            "updates-per-class",
            "Updates per class",
            "Updates",
            "Optimiser updates that the schedule has for a class which gets all of it."
        );

    /// <summary>Width of a trigger inversion.</summary>
    public static Metric ImagesPerUpdate { get; } =
        Number(
            "images-per-update",
            "Images per update",
            "Batch",
            "Images (queries, where there are no gradients) of one update of the reversed trigger."
        );

    /// <summary>How much of the reference's schedule a trigger inversion has.</summary>
    public static Metric ScheduleShare { get; } =
        Share(
            "schedule-share",
            "Share of the reference schedule",
            "Schedule",
            "Images that the schedule has for a class, over those of Neural Cleanse's reference code: 1,000 rounds of "
                + "31 batches of 32."
        );

    /// <summary>Whether the reversed trigger works on the deployed arithmetic.</summary>
    public static Metric SuccessDeployed { get; } =
        Share(
            "success-deployed",
            "Reversed-trigger success, deployed",
            "Success",
            "Share of clean images that the most suspicious reversed trigger sends to its label on the deployed "
                + "model itself."
        );

    /// <summary>Whether it works on the network that it was reversed on.</summary>
    public static Metric SuccessTwin { get; } =
        Number(
            "success-twin",
            "Success twin",
            "Success twin",
            "Share of clean images, 0 to 1, that the most suspicious reversed trigger sends to its label on the "
                + "differentiable network that it was reversed on."
        );

    /// <summary>Classes for which the search failed.</summary>
    public static Metric ClassesWithoutTrigger { get; } =
        Number(
            "classes-without-trigger",
            "Classes without trigger",
            "No trigger",
            "Classes for which no trigger reached the success threshold on the whole holdout within the schedule."
        );

    /// <summary>Classes that were given up early.</summary>
    public static Metric ClassesStoppedEarly { get; } =
        Number(
            "classes-stopped-early",
            "Classes stopped early",
            "Stopped early",
            "Classes whose search ended before the whole schedule, since others promised more."
        );

    /// <summary>All of them, in the order of tables.</summary>
    internal static IReadOnlyList<Metric> All { get; } =
    [
        AnomalyIndex,
        LogAnomalyIndex,
        IndexCeiling,
        SmallestNorm,
        MedianNorm,
        NormRatio,
        UpdatesPerClass,
        ImagesPerUpdate,
        ScheduleShare,
        SuccessDeployed,
        SuccessTwin,
        ClassesWithoutTrigger,
        ClassesStoppedEarly,
    ];

    private static Metric Number(string id, string name, string shortName, string definition) =>
        new(id, name, shortName, MetricUnit.Number, null, definition);

    private static Metric Share(string id, string name, string shortName, string definition) =>
        new(id, name, shortName, MetricUnit.Share, null, definition);
}
