using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>A search that can be left and taken up again between rounds: what a schedule sees of it.</summary>
internal interface IClassSearch
{
    /// <summary>
    /// After each round the smallest norm so far: of a working trigger, or of the last one tried while none has worked.
    /// </summary>
    IReadOnlyList<double> Norms { get; }

    /// <summary>The norm has stopped shrinking.</summary>
    bool Converged { get; }

    /// <summary>Full batches follow small ones: that the norm had stopped shrinking on those counts no more.</summary>
    void Resume();

    /// <summary>One more round, with so many images an update.</summary>
    void Advance(int batchSize);

    /// <summary>
    /// Rounds are over, or others are compared with it: the smallest trigger found is what counts now.
    /// </summary>
    void Settle();
}

/// <summary>
/// Spends the work where a small norm is promised, as a bandit pulls its arms (Shen et al. 2021). Every class gets a
/// base budget of rounds on small batches; then, at equal effort, the classes with the smallest norms go on with full
/// batches and the rest stop.
/// </summary>
/// <param name="rounds">Rounds of the whole schedule.</param>
/// <param name="baseRounds">Rounds of the base budget.</param>
/// <param name="finalists">Classes that go on.</param>
internal sealed class PromiseSchedule(int rounds, int baseRounds, int finalists)
{
    // Part of the batch that base rounds use.
    private const int Smaller = 4;

    /// <summary>Images an update in base rounds.</summary>
    internal static int BaseBatch(int batchSize) => (batchSize + Smaller - 1) / Smaller;

    /// <summary>Images of a whole run for one update a round.</summary>
    internal double Images(int classes, int batchSize) =>
        (double)classes * baseRounds * BaseBatch(batchSize) + (double)finalists * (rounds - baseRounds) * batchSize;

    /// <summary>Those of a class that goes on to the end.</summary>
    internal double ImagesOfAFinalist(int batchSize) =>
        (double)baseRounds * BaseBatch(batchSize) + (double)(rounds - baseRounds) * batchSize;

    /// <summary>Runs the searches and returns which of them went on to the end.</summary>
    internal bool[] Run(IReadOnlyList<IClassSearch> searches, int batchSize, Action<double, double> progress)
    {
        var small = BaseBatch(batchSize);
        var total = Images(searches.Count, batchSize);
        var done = 0.0;
        foreach (var search in searches)
        {
            Continue(search, small, baseRounds);
        }

        var chosen = Enumerable
            .Range(0, searches.Count)
            .OrderBy(label => searches[label].Norms.LastOrDefault())
            .Take(finalists)
            .ToHashSet();
        foreach (var label in chosen.Order())
        {
            searches[label].Resume();
            Continue(searches[label], batchSize, rounds - baseRounds);
        }

        return [.. Enumerable.Range(0, searches.Count).Select(chosen.Contains)];

        void Continue(IClassSearch search, int images, int more)
        {
            for (var round = 0; round < more && !search.Converged; round++)
            {
                progress(done + (double)round * images, total);
                search.Advance(images);
            }

            search.Settle();
            done += (double)more * images;
        }
    }

    /// <summary>
    /// Norms to compare at equal effort. A class stopped early has a larger norm than the whole schedule would have
    /// left it, which would shift the median and widen the spread; so its norm is taken to shrink as the median
    /// finalist's did from the same round on.
    /// </summary>
    internal static double[] AtEqualEffort(IReadOnlyList<IClassSearch> searches, bool[] finalists)
    {
        var labels = Enumerable.Range(0, searches.Count).ToArray();
        return Array.ConvertAll(
            labels,
            label =>
            {
                var norms = searches[label].Norms;
                return finalists[label]
                    ? norms[^1]
                    : norms[^1]
                        * RobustStatistics.Median([
                            .. labels
                                .Where(other => finalists[other])
                                .Select(other => Shrinkage(searches[other].Norms, norms.Count)),
                        ]);
            }
        );
    }

    private static double Shrinkage(IReadOnlyList<double> norms, int round) =>
        norms[^1] / norms[Math.Min(round, norms.Count) - 1];
}
