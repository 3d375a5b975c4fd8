using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class SampleDetectorTests
{
    [Fact]
    public void Spectral_TinyClass_ScoresAreSquaredProjections()
    {
        var verdict = Score(new SpectralSignatures(), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 5, 0]);

        double[] expected = [1, 1, 1, 1, 16];
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], verdict.Scores[i], 4);
        }

        Assert.Equal([false, false, false, false, true], verdict.Flagged);
        Assert.Equal(0, verdict.TopLabel);
    }

    [Fact]
    public void Spectral_RemovedCount_IsFactorTimesTheBoundOfTheSetAndAtMostHalfTheClass()
    {
        // 5 % of 1,000 may all be in one class: 50, and half as many again, from a class of any size.
        Assert.Equal(75, new SpectralSignatures { AssumedPoisonRate = 0.05 }.RemovedCount(400, 1000));
        Assert.Equal(75, new SpectralSignatures { AssumedPoisonRate = 0.05 }.RemovedCount(200, 1000));
        Assert.Equal(50, new SpectralSignatures { AssumedPoisonRate = 0.05 }.RemovedCount(101, 1000));
        Assert.Equal(
            20,
            new SpectralSignatures
            {
                AssumedPoisonRate = 0.05,
                RemovalFactor = 1,
                ExpectedPoison = 0.2,
            }.RemovedCount(100, 1000)
        );
        Assert.Equal(50, new SpectralSignatures { ExpectedPoison = 0.6 }.RemovedCount(100, 1000));
    }

    [Theory]
    [InlineData(0.1, 0, 14 / 30.0)]
    [InlineData(0, 0.1, 1)]
    [InlineData(0, 0.05, 22 / 30.0)]
    public void Spectral_ClassOfWhichAThirdIsPoison_CeilingByHand(double ofTheClass, double ofTheSet, double ceiling)
    {
        // 300 samples; class 2 has 60 clean ones and 30 poisoned, far out. 0.1 of the class: 14 removed; 0.1 of the
        // set: 45; 0.05: 22.
        var (labels, features, poisoned) = Normal([105, 105, 90], poisonedClass: 2, poison: 30);
        var verdict = Score(
            new SpectralSignatures { ExpectedPoison = ofTheClass, AssumedPoisonRate = Math.Max(ofTheSet, 0.0001) },
            labels,
            features
        );
        var scored = SampleDetectorScorer.Score(
            verdict,
            Truth(labels.Length, poisoned),
            TestContexts.Random("figures")
        );

        Assert.Equal(ceiling, Value(scored, "detection-ceiling"), 12);
        Assert.Equal(ceiling, Value(scored, "sample-detection-rate"), 12);
        Assert.Equal(ceiling < 1, scored.Notes.Any(note => note.Contains("at best", StringComparison.Ordinal)));
    }

    [Fact]
    public void Spectral_PoisonedClassAmongNormalOnes_IsTheTopLabelAndItsPoisonScoresHighest()
    {
        var (labels, features, poisoned) = Normal([60, 60, 60], poisonedClass: 2, poison: 6);
        var verdict = Score(new SpectralSignatures { AssumedPoisonRate = 6 / 180.0 }, labels, features);

        Assert.Equal(2, verdict.TopLabel);
        Assert.All(poisoned, index => Assert.True(verdict.Flagged[index]));
        var lowest = poisoned.Min(index => verdict.Scores[index]);
        Assert.All(Enumerable.Range(120, 60).Except(poisoned), index => Assert.True(verdict.Scores[index] < lowest));
        Assert.Equal(27, verdict.Flagged.Count(flagged => flagged));
        Assert.True(float.IsNaN(verdict.Projection![0].X) && !float.IsNaN(verdict.Projection[179].Y));
    }

    [Fact]
    public void TwoGroups_HandComputed()
    {
        Assert.Equal(1, TwoGroups.Separation([0, 10, 0, 10, 0]), 12);
        Assert.Equal(0.8, TwoGroups.Separation([3, 0, 2, 1]), 12);
        Assert.Equal(0, TwoGroups.Separation([4, 4, 4]));
        Assert.Equal(0, TwoGroups.Separation([]));
    }

    [Fact]
    public void Clustering_SizeRule_FlagsTheSmallClusterAndPassesAnEvenSplit()
    {
        var (labels, features) = TwoSplitClasses();
        var verdict = Score(new ActivationClustering(), labels, features);

        Assert.Equal([0], verdict.SuspectedLabels);
        Assert.Equal(0, verdict.TopLabel);
        Assert.Equal(
            Enumerable.Range(30, 10),
            Enumerable.Range(0, labels.Length).Where(index => verdict.Flagged[index])
        );
        Assert.Equal(0.25, verdict.Numbers.Single(number => number.Name == "smaller-cluster-share").Value, 12);
        Assert.Contains("even", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Clustering_IndependentComponentsBySilhouette_FindTheSameCluster()
    {
        var (labels, features) = TwoSplitClasses();
        var verdict = Score(
            new ActivationClustering
            {
                Reduction = FeatureReduction.IndependentComponents,
                Rule = ClusterRule.Silhouette,
                SilhouetteThreshold = 0.45,
            },
            labels,
            features
        );

        Assert.Contains(0, verdict.SuspectedLabels);
        Assert.Equal(Enumerable.Range(30, 10), Enumerable.Range(0, 40).Where(index => verdict.Flagged[index]));
    }

    [Theory]
    [InlineData(FeatureReduction.PrincipalComponents, 0)]
    [InlineData(FeatureReduction.IndependentComponents, 4 / 110.0)]
    public void Clustering_SizeRule_RatesOfEitherReductionByHand(FeatureReduction reduction, double falsePositives)
    {
        // Class 0: 30 clean samples and 10 poisoned far from them. Class 1 is clean: 40 samples evenly along a line,
        // four of which are a hair's breadth beside it. By size these four are nothing; with every component at
        // variance one they are the smaller cluster.
        var (labels, features) = (new int[120], new float[240]);
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = i / 40;
            features[2 * i] = i % 40 / 4f + (i is >= 30 and < 40 ? 100 : 0);
            features[2 * i + 1] = i is >= 40 and < 80 && i % 10 == 5 ? 0.01f : 0;
        }

        var truth = Truth(labels.Length, [.. Enumerable.Range(30, 10)]);
        var scored = SampleDetectorScorer.Score(
            Score(new ActivationClustering { Reduction = reduction }, labels, features),
            truth,
            TestContexts.Random("figures")
        );

        Assert.Equal(1, Value(scored, "sample-detection-rate"));
        Assert.Equal(falsePositives, Value(scored, "sample-false-positive-rate"), 12);
    }

    [Fact]
    public void Clustering_Warnings_OnlyOfPairsThatDoNotBelongTogether()
    {
        Assert.Empty(new ActivationClustering().Warnings(400));
        Assert.Empty(
            new ActivationClustering
            {
                Reduction = FeatureReduction.IndependentComponents,
                Rule = ClusterRule.Silhouette,
            }.Warnings(400)
        );
        Assert.Contains(
            "size rule",
            Assert.Single(
                new ActivationClustering { Reduction = FeatureReduction.IndependentComponents }.Warnings(400)
            ),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "silhouette rule",
            Assert.Single(new ActivationClustering { Rule = ClusterRule.Silhouette }.Warnings(400)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Clustering_SizeRulePassesAll_TopLabelIsTheBestSeparated()
    {
        var (labels, features) = TwoSplitClasses();
        var verdict = Score(new ActivationClustering { SizeThreshold = 0.2 }, labels, features);

        Assert.Empty(verdict.SuspectedLabels);
        Assert.DoesNotContain(true, verdict.Flagged);
        Assert.Contains(verdict.TopLabel!.Value, new[] { 0, 1 });
    }

    [Fact]
    public void IndependentComponents_MixedCoinAndUniform_AreUnmixed()
    {
        const int count = 4000;
        var random = TestContexts.Random("mixture");
        var (coins, mixed) = (new float[count], new float[2 * count]);
        for (var i = 0; i < count; i++)
        {
            // Unit variances, then a rotation by 30 degrees, which keeps them white.
            coins[i] = random.Next(2) == 0 ? -1 : 1;
            var uniform = (float)((random.NextDouble() - 0.5) * Math.Sqrt(12));
            mixed[2 * i] = 0.8660254f * coins[i] - 0.5f * uniform;
            mixed[2 * i + 1] = 0.5f * coins[i] + 0.8660254f * uniform;
        }

        var found = IndependentComponents.Of(mixed, 2, random);
        var correlations = new double[2];
        for (var i = 0; i < found.Length; i++)
        {
            correlations[i % 2] += found[i] * coins[i / 2] / count;
        }

        Assert.True(correlations.Max(Math.Abs) > 0.99);
        Assert.True(correlations.Min(Math.Abs) < 0.06);
    }

    [Fact]
    public void Orthogonalize_StretchedRotation_GivesTheRotation()
    {
        // Rotation by 90 degrees times diag(3, 0.5): its polar factor is the rotation.
        var result = IndependentComponents.Orthogonalize([0, -0.5, 3, 0], 2);

        double[] expected = [0, -1, 1, 0];
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], result[i], 9);
        }
    }

    [Fact]
    public void Clustering_SilhouetteRule_FlagsOneClusterOfTheEvenSplitToo()
    {
        var (labels, features) = TwoSplitClasses();
        var verdict = Score(
            new ActivationClustering { Rule = ClusterRule.Silhouette, SilhouetteThreshold = 0.7 },
            labels,
            features
        );

        Assert.Equal([0, 1], verdict.SuspectedLabels.Order());
        Assert.Equal(20, Enumerable.Range(40, 40).Count(index => verdict.Flagged[index]));
    }

    [Fact]
    public void Clustering_Scores_RankTheSmallClusterOfTheContaminatedClassFirst()
    {
        var (labels, features) = TwoSplitClasses();
        var verdict = Score(new ActivationClustering(), labels, features);

        var lowest = Enumerable.Range(30, 10).Min(index => verdict.Scores[index]);
        Assert.All(
            Enumerable.Range(0, 30).Concat(Enumerable.Range(40, 80)),
            index => Assert.True(verdict.Scores[index] < lowest)
        );
    }

    [Fact]
    public void Clustering_IdenticalSamples_FlagNothing()
    {
        var verdict = Score(new ActivationClustering(), new int[20], new float[40]);

        Assert.DoesNotContain(true, verdict.Flagged);
        Assert.All(verdict.Scores, score => Assert.True(double.IsFinite(score)));
    }

    [Fact]
    public void Detectors_NoClassLargeEnough_AreNotApplicable()
    {
        Assert.Throws<NotApplicableException>(() => Score(new ActivationClustering(), [0, 1], [0, 1, 2, 3]));
        Assert.Throws<NotApplicableException>(() => Score(new SpectralSignatures(), [0, 1], [0, 1, 2, 3]));
    }

    // Class 0: 30 + 10 apart. Class 1 ("even"): 20 + 20 apart. Class 2: 40 in one cloud.
    private static (int[] Labels, float[] Features) TwoSplitClasses()
    {
        var random = TestContexts.Random("clusters");
        var (labels, features) = (new int[120], new float[240]);
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = i / 40;
            var away = i is >= 30 and < 40 or >= 60 and < 80 ? 10f : 0f;
            features[2 * i] = away + random.NextSingle();
            features[2 * i + 1] = away + random.NextSingle();
        }

        return (labels, features);
    }

    private static (int[] Labels, float[] Features, int[] Poisoned) Normal(int[] sizes, int poisonedClass, int poison)
    {
        const int width = 8;
        var random = TestContexts.Random("normal");
        int[] labels = [.. sizes.SelectMany((size, label) => Enumerable.Repeat(label, size))];
        var features = new float[labels.Length * width];
        int[] poisoned = [.. Enumerable.Range(Array.IndexOf(labels, poisonedClass), poison)];
        for (var i = 0; i < labels.Length; i++)
        {
            for (var d = 0; d < width; d++)
            {
                var normal =
                    Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                features[i * width + d] = (float)normal + (d == 3 && poisoned.Contains(i) ? 12 : 0);
            }
        }

        return (labels, features, poisoned);
    }

    private static BackdoorTruth Truth(int count, int[] poisoned) =>
        new()
        {
            IsBackdoored = true,
            TargetLabel = 0,
            PoisonMask = [.. Enumerable.Range(0, count).Select(poisoned.Contains)],
        };

    private static double Value(Scored scored, string metric) =>
        scored.Measurements.Single(measurement => measurement.Metric == metric).Value;

    private static SampleVerdict Score(SampleDetector detector, int[] labels, float[] features)
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var training = new ImageSet(new byte[labels.Length], labels, 1, 1, 1, ["small", "even", "one"]);
        return detector.Score(TestContexts.Of(Needs.TrainingSet | Needs.Features, model, training, features: features));
    }
}
