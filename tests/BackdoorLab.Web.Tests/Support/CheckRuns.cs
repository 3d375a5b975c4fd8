using System.Security.Cryptography;
using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using BackdoorLab.Web.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>Model files, and checks of them that have ended.</summary>
internal static class CheckRuns
{
    public static ExperimentSpec Spec { get; } =
        new()
        {
            Name = "Check of model.pth",
            Suspect = new() { File = "model.pth", Sha256 = new string('a', 64) },
            Dataset = new SyntheticSigns(),
            Model = new ResNet8(),
            Attack = new UnknownAttack(),
            BenignTwin = false,
            Precisions = [new Float32()],
            Defenses = [new NeuralCleanse()],
        };

    /// <summary>A small file of weights for images of this many classes.</summary>
    public static byte[] Weights(int classes = 10, ModelSource? source = null)
    {
        TorchRuntime.Initialize(1);
        var path = Path.GetTempFileName();
        try
        {
            using var network = (source ?? new ResNet8()).Build(
                new ClassifierShape(3, 32, 32, classes, Normalization.Identity(3))
            );
            Checkpoint.Save(path, network.state_dict(), new Dictionary<string, string>());
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Pictures of two colours in a folder for each class.</summary>
    public static void Pictures(string folder, int classes, int perClass)
    {
        foreach (
            var (label, i) in from label in Enumerable.Range(0, classes)
            from i in Enumerable.Range(0, perClass)
            select (label, i)
        )
        {
            var path = Path.Combine(folder, $"class-{label:D2}");
            Directory.CreateDirectory(path);
            byte[] pixels =
            [
                .. Enumerable.Range(0, 3 * 32 * 32).Select(at => (byte)(at % 3 == 0 ? 20 * label : 10 * i)),
            ];
            File.WriteAllBytes(Path.Combine(path, $"{i}.png"), ImageFiles.EncodePng(pixels, 32, 32, 3));
        }
    }

    public static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>A finished check; returns its id.</summary>
    /// <param name="services">Where the stores are.</param>
    /// <param name="artifacts">Root of the artifact store.</param>
    /// <param name="flagged">The detector's verdict, or null for a detector that could not be applied.</param>
    /// <param name="accuracy">Clean accuracy.</param>
    /// <param name="silent">What stands in place of the verdict, or null.</param>
    /// <param name="spec">What was checked, or null for <see cref="Spec"/>.</param>
    public static async Task<string> Finished(
        IServiceProvider services,
        string artifacts,
        bool? flagged,
        double accuracy = 0.93,
        Verdict? silent = null,
        ExperimentSpec? spec = null
    )
    {
        var (leases, recording) = (
            services.GetRequiredService<RunLeases>(),
            services.GetRequiredService<RunRecording>()
        );
        var run = await services.GetRequiredService<RunStore>().SubmitAsync(RunContent.From(spec ?? Spec, 2, 60));
        var id = run.Id;
        await leases.TryClaimAsync(id, run.Attempt, "check", DateTime.UtcNow.AddMinutes(30));
        CellId undefended = new(Victim.Suspect, KnownLabels.ReferencePrecision, null),
            defended = undefended with { Defense = "neural-cleanse" };
        await recording.RecordAsync(
            id,
            run.Attempt,
            new RunChanges
            {
                Plan = new RunPlan(
                    [
                        new("load", "load", "Load model.pth as ResNet-8", 1),
                        new("nc", "defend", "Neural Cleanse on FP32, model from a file", 30),
                    ],
                    [undefended, defended],
                    new Dictionary<string, string>(),
                    60
                ),
            }
        );
        await recording.RecordAsync(
            id,
            run.Attempt,
            new RunChanges
            {
                Stages = [new("load", StageState.Done, false, 1), new("nc", StageState.Done, false, 30)],
                Cells =
                [
                    new()
                    {
                        Id = undefended,
                        Outcome = Outcome.Value,
                        Measurements = [new(Metric.CleanAccuracy.Id, accuracy, 1000, accuracy - 0.02, accuracy + 0.02)],
                    },
                    flagged is { } verdict
                        ? new()
                        {
                            Id = defended,
                            Outcome = Outcome.Value,
                            Verdict = (silent ?? Verdict.Of(verdict)) with
                            {
                                Classes = [verdict ? new(3, "<stop>") : new(1, "yield")],
                            },
                            Measurements =
                            [
                                new("suspected-labels", verdict ? 1 : 0),
                                new("detector-score", verdict ? 3.41 : 1.2),
                                new("detector-threshold", 2),
                            ],
                            Artifacts = [Trigger(artifacts)],
                        }
                        : new()
                        {
                            Id = defended,
                            Outcome = Outcome.NotApplicable,
                            Reason = "The outlier rule compares classes and needs at least 3 of them.",
                        },
                ],
            }
        );
        await leases.FinishAsync(
            id,
            "check",
            new RunEnd(RunState.Succeeded)
            {
                Remarks = ["pixel scale: pixels in [0,1] (93.0 % of 500 clean images right)"],
            }
        );
        return id;
    }

    private static ArtifactReference Trigger(string artifacts)
    {
        var pixels = new byte[32 * 32 * 3];
        Array.Fill(pixels, (byte)200, 0, 300);
        var figure = new ImageFigure("Reversed triggers", [new("<stop>: 11.0 px", 32, 32, 3, pixels)]);
        new ArtifactStore(artifacts).Write(
            new("checkneuralcleanse"),
            "figure-1.json",
            JsonSerializer.SerializeToUtf8Bytes<Figure>(figure, SpecJson.Options)
        );
        return new("checkneuralcleanse", "figure-1.json", "figure", figure.Title, FigureKind.ReversedTriggers);
    }
}
