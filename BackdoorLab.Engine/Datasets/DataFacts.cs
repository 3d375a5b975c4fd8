namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// What a run was computed on, by content. Two data sets are the same when <see cref="Source"/> is the same; two runs
/// saw the same images when <see cref="Fingerprint"/> is.
/// </summary>
public sealed record DataFacts
{
    /// <summary>
    /// Everything of the loaded images that decides a result (<see cref="DataFingerprint"/>), 32 hexadecimal digits.
    /// Where the run's seed draws a subset or a split it differs between seeds.
    /// </summary>
    public required string Fingerprint { get; init; }

    /// <summary>
    /// What the images were drawn from, before the run's seed chose any: the same for every seed, so this and not
    /// <see cref="Fingerprint"/> says whether two runs share a condition. Equal to <see cref="Fingerprint"/> where
    /// nothing is drawn.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>1 or 3.</summary>
    public required int Channels { get; init; }

    /// <summary>Rows of an image.</summary>
    public required int Height { get; init; }

    /// <summary>Columns of an image.</summary>
    public required int Width { get; init; }

    /// <summary>Training images.</summary>
    public required SplitFacts Train { get; init; }

    /// <summary>Test images, the defender's clean ones included.</summary>
    public required SplitFacts Test { get; init; }

    /// <summary>The facts of a loaded set.</summary>
    /// <param name="source">What loaded it.</param>
    /// <param name="splits">What it loaded.</param>
    public static DataFacts Of(DatasetSource source, DatasetSplits splits)
    {
        var (train, test) = (SplitFacts.Of(splits.Train), SplitFacts.Of(splits.Test));
        using var all = new DataFingerprint();
        var fingerprint = all.Add(source.LoaderVersion)
            .Add(train.Fingerprint)
            .Add(test.Fingerprint)
            .Add(splits.Normalization)
            .Add(splits.FlipAllowed ? 1 : 0)
            .ToHex();
        return new()
        {
            Fingerprint = fingerprint,
            Source = splits.DrawnFrom.Length > 0 ? Drawn(source, splits) : fingerprint,
            Classes = splits.Train.Classes,
            Channels = splits.Train.Channels,
            Height = splits.Train.Height,
            Width = splits.Train.Width,
            Train = train,
            Test = test,
        };
    }

    private static string Drawn(DatasetSource source, DatasetSplits splits)
    {
        using var all = new DataFingerprint();
        return all.Add(source.LoaderVersion)
            .Add(splits.DrawnFrom)
            .Add(splits.Normalization)
            .Add(splits.FlipAllowed ? 1 : 0)
            .ToHex();
    }
}

/// <summary>One split of <see cref="DataFacts"/>.</summary>
/// <param name="Fingerprint">Pixels, labels, groups, geometry, class names and their order: 32 hexadecimal
/// digits.</param>
/// <param name="Count">Images.</param>
public sealed record SplitFacts(string Fingerprint, int Count)
{
    internal static SplitFacts Of(ImageSet set) => new(DataFingerprint.Of(set), set.Count);
}
