using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>Whether a federation's images can be dealt and poisoned as asked, before anything is loaded.</summary>
internal static class Dealing
{
    // A form checks its document with every change, most of which do not touch this.
    private static Looked? _last;

    /// <summary>Streams of the dealing and of the attackers' choice of images.</summary>
    internal static SeedTree Seeds(ExperimentSpec spec) => new SeedTree(spec.Seed).Child("federation");

    /// <summary>
    /// What is in the way; null when nothing is or only the files could tell. Where the data set's numbers of images
    /// are known this is the very dealing that the run will do.
    /// </summary>
    /// <param name="spec">The experiment.</param>
    /// <param name="federation">Its federation, without a fault of its own.</param>
    internal static SpecFault? Fault(ExperimentSpec spec, Federation federation)
    {
        if (federation.Simulation.Attackers == 0 && spec.Attack.PoisonRate > 0)
        {
            return new(
                "federation.simulation.attackers",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"must be at least 1 where attack.poisonRate is {spec.Attack.PoisonRate}: without an attacker nobody "
                        + $"poisons. Set the rate to 0 to train a benign federation."
                )
            );
        }

        if (spec.Dataset.TrainClassCounts is not { } counts)
        {
            return spec.Dataset.MostTrainImages is { } most ? ClientShards.TooFew(federation.Simulation, most) : null;
        }

        var attack = MethodCatalog.Default.Label(spec.Attack);
        var question = $"{spec.Seed}|{string.Join(",", counts)}|{federation.Simulation}|{attack}";
        if (_last is { } last && last.Question == question)
        {
            return last.Answer;
        }

        int[] labels = [.. counts.SelectMany((count, label) => Enumerable.Repeat(label, count))];
        var answer = FederatedData.Fault(labels, counts.Count, federation, spec.Attack, Seeds(spec));
        _last = new(question, answer);
        return answer;
    }

    private sealed record Looked(string Question, SpecFault? Answer);
}
