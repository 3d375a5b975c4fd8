using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Everything that decides the numbers of one run. In JSON each method is an object with its <c>id</c> and its
/// parameters:
/// <c>{"schema":1,"name":"...","seed":1,"dataset":{"id":"gtsrb"},"model":{"id":"res-net8"},"attack":{"id":"badnets"},
/// "training":{"epochs":6},"precisions":[{"id":"float32"}],"defenses":[{"id":"strip"}],"benignTwin":true,
/// "cleanHoldout":1000}</c>.
/// </summary>
public sealed record ExperimentSpec
{
    /// <summary>Version of the JSON form; raised when an old file would mean something else.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Version of the JSON form.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>A name for people; does not influence results.</summary>
    public string Name { get; init; } = "";

    /// <summary>Root of all random streams.</summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; init; } = 1;

    /// <summary>Data set.</summary>
    public required DatasetSource Dataset { get; init; }

    /// <summary>Network.</summary>
    public required ModelSource Model { get; init; }

    /// <summary>Attack, with its poison rate.</summary>
    public required Attack Attack { get; init; }

    /// <summary>
    /// Training of the victim and of its benign twin. In a federation only arithmetic and augmentation are taken from
    /// it.
    /// </summary>
    public TrainOptions Training { get; init; } = new();

    /// <summary>
    /// Train by clients who keep their data; null trains centrally. The attack's poison rate is then each attacker's.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Federation? Federation { get; init; }

    /// <summary>
    /// A model from a file, to be checked, instead of a training. It demands the attack <c>unknown</c>, no benign twin,
    /// and model detectors alone as defenses; <see cref="Training"/> then means nothing.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CheckedModel? Suspect { get; init; }

    /// <summary>
    /// Weights of a file that every training of the run starts from, the attacker's own and a training defense's too;
    /// null starts from fresh ones.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StartingWeights? Start { get; init; }

    /// <summary>Precisions to deploy at; at least one.</summary>
    public required IReadOnlyList<Precision> Precisions { get; init; }

    /// <summary>Defenses to run at each precision; may be empty.</summary>
    public required IReadOnlyList<Defense> Defenses { get; init; }

    /// <summary>
    /// Whether to train the same model with poison rate 0 and run everything on it too (false positives, needless
    /// harm).
    /// </summary>
    public bool BenignTwin { get; init; } = true;

    /// <summary>
    /// Whether every detector must first find a planted backdoor and stay quiet where there is none, on the model at
    /// hand; where it does not, its cell is not applicable. Off by default: on networks whose classes are easily
    /// confused Neural Cleanse's brief control often misses what was planted, which says more about the control than
    /// about the cell. The gradient check always runs.
    /// </summary>
    public bool Preflight { get; init; }

    /// <summary>
    /// Size of the defender's clean set, taken from the test images (which are then not used for measuring).
    /// </summary>
    [Range(10, 100_000)]
    public int CleanHoldout { get; init; } = 1000;

    /// <summary>
    /// Seconds after which a cell is given up as timed out; 0 sets no limit. Does not influence the numbers of cells
    /// that finish.
    /// </summary>
    [Range(0, 1_000_000)]
    public int CellTimeLimit { get; init; }

    /// <summary>The network that a training of the run begins with, in training mode.</summary>
    /// <param name="shape">Images and classes.</param>
    /// <param name="folder">Where model files lie.</param>
    /// <param name="run">Told what was read.</param>
    /// <exception cref="Weights.WeightFileException">The file to start from is not there or does not fit.</exception>
    internal Classifier NewNetwork(ClassifierShape shape, string folder, RunContext run)
    {
        var network = Model.Build(shape);
        try
        {
            Start?.Fill(network, this, folder, run);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>How its models come to be.</summary>
    internal ModelOrigin Origin => ModelOrigin.Of(this);
}
