using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Programs;

/// <summary>The program of a TorchScript file as a classifier.</summary>
[Collection("torch")]
public sealed class ProgramNetworkTests
{
    private const string Means = "torch.mean(x, [2, 3])";

    private static readonly ClassifierShape Shape = new(3, 2, 2, 3, new([0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.5f]));

    [Fact]
    public void Logits_OfAProgram_AreItsOwnOnNormalisedPixels()
    {
        using var program = new InThisProcess().Start(TinyProgram.Of(Means));
        using var network = new ProgramNetwork(program, Shape, givesProbabilities: false);
        using var scope = NewDisposeScope();

        var logits = network.call(tensor([0f, 0, 0, 1, 0.5f, 0.5f, 0.5f, 0.5f, 1, 1, 1, 1], [1, 3, 2, 2]));

        // Means 0.25, 0.5 and 1, less 0.5, over the deviations.
        Assert.Equal([-1f, 0, 1], logits.data<float>().ToArray());
    }

    [Fact]
    public void Gradients_OfAProgram_ReachThePixels()
    {
        using var program = new InThisProcess().Start(
            TinyProgram.Of("torch.mul(torch.mean(x, [2, 3]), torch.mean(x, [2, 3]))")
        );
        using var network = new ProgramNetwork(program, Shape, givesProbabilities: false);
        using var scope = NewDisposeScope();
        var pixels = tensor([1f, 1, 1, 1, 0.5f, 0.5f, 0.5f, 0.5f, 1, 1, 1, 1], [1, 3, 2, 2]).requires_grad_();

        (network.call(pixels * 1) * tensor([1f, 1, 10])).sum().backward();

        // Factor times twice the mean, over 4 pixels and the deviation: 2 * 2 / 4 / 0.25, nothing, 10 * 2 * 1 / 4 /
        // 0.5.
        Assert.Equal([4f, 4, 4, 4, 0, 0, 0, 0, 10, 10, 10, 10], pixels.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Logits_OfMoreImagesThanAreAskedAtOnce_AreThoseOfEach()
    {
        using var program = new InThisProcess().Start(TinyProgram.Of(Means));
        var pixels = Enumerable.Range(0, 300 * 3 * 32 * 32).Select(i => (float)(i / (32 * 32))).ToArray();

        var (logits, classes) = program.Logits(pixels, [300, 3, 32, 32]);
        var gradient = program.Gradient(pixels, [300, 3, 32, 32], [.. Enumerable.Range(0, 900).Select(i => i * 1024f)]);

        Assert.Equal(3, classes);
        Assert.Equal(Enumerable.Range(0, 900).Select(i => (float)i), logits);
        Assert.Equal(Enumerable.Range(0, 900).Select(i => (float)i), gradient.Where((_, i) => i % 1024 == 7));
    }

    [Fact]
    public void Logits_OfProbabilities_AreTheirLogarithms()
    {
        using var program = new InThisProcess().Start(TinyProgram.Of("torch.softmax(torch.mean(x, [2, 3]), 1)"));
        using var network = new ProgramNetwork(
            program,
            Shape with
            {
                Normalization = Normalization.Identity(3),
            },
            givesProbabilities: true
        );
        using var scope = NewDisposeScope();

        var logits = network.call(zeros(1, 3, 2, 2)).data<float>().ToArray();

        Assert.All(logits, logit => Assert.Equal(-1.0986, logit, 4));
    }

    [Theory]
    [InlineData("(torch.mean(x, [2, 3]), x)", "Tuple[Tensor, Tensor]", "gives several values")]
    [InlineData("torch.mean(x)", "Tensor", "gives Float32 [] for 2 images, not logits [2, classes]")]
    [InlineData("torch.argmax(torch.mean(x, [2, 3]), 1, True)", "Tensor", "gives Int64 [2, 1] for 2 images")]
    [InlineData("torch.matmul(x, torch.ones([7, 7]))", "Tensor", "ends in an error: ")]
    public void Program_ThatGivesNoLogits_SaysWhatItGives(string expression, string type, string fault)
    {
        var launcher = new InThisProcess();
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, TinyProgram.Of(expression, type));
            using var probe = new ProgramProbe(launcher, path);

            var fit = probe.Fit(new(3, 2, 2, 3, 0, 0), "a data set");

            Assert.StartsWith("The program of the file " + fault, fit.Fault, StringComparison.Ordinal);
            Assert.Contains("those of a data set (3 x 2 x 2)", fit.Fault, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Probe_OfAProgram_KnowsItsOutputsAndAsksOnce()
    {
        var launcher = new InThisProcess();
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, TinyProgram.Of(Means));
            using var probe = new ProgramProbe(launcher, path);

            var (three, ten) = (probe.Fit(new(3, 8, 8, 3, 0, 0), "three"), probe.Fit(new(3, 8, 8, 10, 0, 0), "ten"));

            Assert.True(three.Fits);
            Assert.IsType<FileProgram>(three.Source);
            Assert.Equal(
                (
                    3,
                    "The program of the file has 3 outputs, ten has 10 classes: choose the data set it was trained for."
                ),
                (ten.Outputs, ten.Fault)
            );
            Assert.Equal(1, launcher.Started);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Gradients_ThatAProgramDoesNotHave_MakeGradientMethodsNotApplicable()
    {
        using var program = new InThisProcess().Start(TinyProgram.Of("torch.mean(torch.round(x), [2, 3])"));
        using var cut = new InThisProcess().Start(TinyProgram.Of("torch.mean(torch.detach(x), [2, 3])"));
        var images = new ImageSet(new byte[4 * 12], [0, 1, 2, 0], 3, 2, 2, ["a", "b", "c"]);

        foreach (var one in (ProgramClient[])[program, cut])
        {
            using var network = new ProgramNetwork(one, Shape, givesProbabilities: false);
            using var deployed = new Float32().Convert(
                network,
                new QuantizationImages(images, images),
                new RunContext(new SeedTree(1), CancellationToken.None)
            );

            Assert.Throws<NotApplicableException>(() =>
                GradientCheck.Measure(deployed, images, new RunContext(new SeedTree(1), CancellationToken.None))
            );

            // It can still be asked for what it has.
            using var scope = NewDisposeScope();
            Assert.Equal([2, 3], deployed.Logits(zeros(2, 3, 2, 2)).shape);
        }
    }

    [Fact]
    public void Network_OfAProgram_HasNoFeaturesAndNoOtherClasses()
    {
        using var program = new InThisProcess().Start(TinyProgram.Of(Means));
        using var network = new ProgramNetwork(program, Shape, givesProbabilities: false);
        using var wider = new ProgramNetwork(program, Shape with { Classes = 4 }, givesProbabilities: false);
        using var scope = NewDisposeScope();

        Assert.Throws<NotApplicableException>(() => network.Features(zeros(1, 3, 2, 2)));
        Assert.Throws<NotApplicableException>(network.Clone);
        Assert.Contains(
            "has 3 outputs, the data set 4 classes",
            Assert.Throws<WeightFileException>(() => wider.call(zeros(1, 3, 2, 2))).Message,
            StringComparison.Ordinal
        );
    }
}
