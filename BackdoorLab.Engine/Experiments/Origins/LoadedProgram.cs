using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>The program of a TorchScript file, run in a process of its own that ends with the model.</summary>
/// <param name="spec">The experiment.</param>
/// <param name="file">The file.</param>
internal sealed class LoadedProgram(ExperimentSpec spec, CheckedModel file) : LoadedFromFile(spec, file)
{
    /// <inheritdoc/>
    protected override string KeptFile => "program.pt";

    /// <inheritdoc/>
    internal override IEnumerable<SpecFault> Faults() =>
        File.Entry.Length == 0
            ? base.Faults()
            : base.Faults()
                .Append(new("suspect.entry", "must be empty where the program of the file is run: it is one."));

    /// <summary>Whether all rows are distributions over the classes: no number below zero, and a sum of one.</summary>
    internal static bool AreProbabilities(float[] rows, int classes) =>
        rows.Length > 0 && rows.Chunk(classes).All(row => row.Min() >= 0 && Math.Abs(row.Sum() - 1) < 1e-3);

    /// <inheritdoc/>
    /// <exception cref="NotApplicableException">The program gives no logits for such images.</exception>
    protected override (MadeModel Model, FileFacts Facts) Load(string path, StageContext stage, RunContext run)
    {
        var program = Start(path, stage);
        try
        {
            var images = Images(stage, run);
            using var raw = Network(Normalization.Identity(stage.Shape.Channels), givesProbabilities: false);
            var probabilities = AreProbabilities(Inference.Rows(raw.call, images, run), stage.Shape.Classes);
            var (network, facts) = Choose(
                null,
                scale => Network(scale, probabilities),
                images,
                stage,
                run,
                [
                    "TorchScript: the file's own program is run, in a process of its own that can write no file; "
                        + "other precisions than FP32 and what needs weights or features do not apply",
                    .. probabilities
                        ? ["the program gives probabilities; their logarithm stands for its logits"]
                        : Array.Empty<string>(),
                ]
            );
            return (
                new(network) { Remarks = facts.Remarks, Released = program.Dispose },
                facts with
                {
                    GivesProbabilities = probabilities,
                }
            );
        }
        catch
        {
            program.Dispose();
            throw;
        }

        ProgramNetwork Network(Normalization scale, bool givesProbabilities) =>
            new(program, stage.Shape with { Normalization = scale }, givesProbabilities);
    }

    /// <inheritdoc/>
    protected override void Keep(string path, Classifier network, StageKey key, ArtifactStore store)
    {
        using var content = RegularFile.OpenRead(path);
        WholeFile.Write(store.PathOf(key.Value, KeptFile), content.CopyTo);
    }

    /// <inheritdoc/>
    protected override MadeModel Restore(StageKey key, FileFacts facts, StageContext stage)
    {
        ProgramClient? program = null;
        return new(Started) { Remarks = facts.Remarks, Released = () => program?.Dispose() };

        Classifier Started()
        {
            program ??= Start(stage.Store.PathOf(key.Value, KeptFile), stage);
            var shape = stage.Shape with { Normalization = facts.Normalization };
            return new ProgramNetwork(program, shape, facts.GivesProbabilities);
        }
    }

    private static ProgramClient Start(string path, StageContext stage) =>
        stage.Programs?.Start(path)
        ?? throw new WeightFileException(
            "The model is the program of a TorchScript file, and programs are not run " + "here."
        );
}
