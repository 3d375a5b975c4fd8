using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Statistics;
using BackdoorLab.Engine.Tensors;
using TorchSharp;

namespace BackdoorLab.Engine.Tests.Tensors;

[Collection("torch")]
public sealed class PrincipalComponentsTests
{
    [Fact]
    public void Fit_OfAxisAlignedPoints_FindsAxesAndVariances()
    {
        float[] data = [7, 5, 3, 5, 5, 6, 5, 4];
        var fit = PrincipalComponents.Fit(data, 2, 2);
        Assert.Equal([5f, 5f], fit.Mean);
        Close([1, 0, 0, 1], fit.Components);
        Assert.Equal(8.0 / 3, fit.Variances[0], 10);
        Assert.Equal(2.0 / 3, fit.Variances[1], 10);
        Assert.Equal(0.8, fit.ExplainedVariance()[0], 10);
        Close([2, 0, -2, 0, 0, 1, 0, -1], fit.Project(data));
    }

    [Fact]
    public void Fit_OfMirroredPoints_KeepsTheSignOfTheLargestEntry()
    {
        // Along (-1, 2): the entry of 2 must come out positive whatever the solver returns, also for negated points.
        float[] data = [-1, 2, 1, -2, -3, 6, 3, -6];
        var expected = 1 / MathF.Sqrt(5);
        Close([-expected, 2 * expected], PrincipalComponents.Fit(data, 2, 1).Components);
        Close([-expected, 2 * expected], PrincipalComponents.Fit([.. data.Select(x => -x)], 2, 1).Components);
    }

    [Fact]
    public void Fit_OfManyRows_IsTheSameAsDirectCovarianceAcrossChunks()
    {
        const int Rows = 5000;
        var random = new SeedTree(2).Random();
        var data = new float[Rows * 3];
        for (var i = 0; i < Rows; i++)
        {
            var shared = random.NextSingle() * 10;
            data[3 * i] = 1000 + shared + random.NextSingle();
            data[3 * i + 1] = shared - random.NextSingle();
            data[3 * i + 2] = random.NextSingle();
        }

        var fit = PrincipalComponents.Fit(data, 3, 3);
        var means = Enumerable
            .Range(0, 3)
            .Select(d => Enumerable.Range(0, Rows).Average(i => (double)data[3 * i + d]))
            .ToArray();
        var trace = Enumerable
            .Range(0, 3)
            .Sum(d => Enumerable.Range(0, Rows).Sum(i => Math.Pow(data[3 * i + d] - means[d], 2)) / (Rows - 1));
        Assert.Equal(trace, fit.TotalVariance, 6);
        Assert.Equal(trace, fit.Variances.Sum(), 6);
        var projected = fit.Project(data);
        for (var k = 0; k < 3; k++)
        {
            var column = Enumerable.Range(0, Rows).Select(i => (double)projected[3 * i + k]).ToArray();
            Assert.Equal(fit.Variances[k], Math.Pow(Summary.Of(column).StandardDeviation!.Value, 2), 3);
        }

        Assert.True(fit.Variances[0] > fit.Variances[1] && fit.Variances[1] > fit.Variances[2]);
    }

    [Fact]
    public void Fit_Always_LeavesNoTensorAlive()
    {
        PrincipalComponents.Fit([1, 2, 3, 4, 5, 7], 2, 1);
        var before = LiveTensors.Count();
        PrincipalComponents.Fit([1, 2, 3, 4, 5, 7], 2, 1);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 5));
    }
}
