using System.Text.Json;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// Table 4 of Huang et al., "Lockdown", NeurIPS 2023: CIFAR-10, ResNet-9, BadNets, 4 attackers of 40 clients, 200
/// rounds, single runs. A small configuration shows trends, not these decimals; the sentence beside them says what
/// differs.
/// </summary>
internal static class PublishedLockdown
{
    internal const string Paper = "lockdown";

    private static readonly double[] PoisonRates = [0.05, 0.2, 0.5, 0.8];

    // Per method: benign accuracy and attack success by poison rate, IID and then Dirichlet 0.5.
    private static readonly Dictionary<string, (double Benign, double Success)[][]> Table4 = new()
    {
        ["fed-avg"] =
        [
            [(0.914, 0.124), (0.911, 0.199), (0.910, 0.661), (0.908, 0.948)],
            [(0.892, 0.173), (0.893, 0.544), (0.888, 0.864), (0.887, 0.967)],
        ],
        ["rlr"] =
        [
            [(0.867, 0.024), (0.866, 0.024), (0.863, 0.043), (0.855, 0.251)],
            [(0.744, 0.150), (0.736, 0.402), (0.729, 0.295), (0.725, 0.825)],
        ],
        ["krum"] =
        [
            [(0.780, 0.039), (0.756, 0.043), (0.764, 0.043), (0.758, 0.049)],
            [(0.374, 0.052), (0.452, 0.104), (0.434, 0.111), (0.451, 0.106)],
        ],
        ["rfa"] =
        [
            [(0.912, 0.158), (0.911, 0.207), (0.908, 0.837), (0.907, 0.993)],
            [(0.888, 0.214), (0.888, 0.528), (0.883, 0.908), (0.883, 0.987)],
        ],
        ["trimmed-mean"] =
        [
            [(0.906, 0.050), (0.911, 0.207), (0.909, 0.617), (0.908, 0.962)],
            [(0.884, 0.252), (0.882, 0.484), (0.883, 0.846), (0.883, 0.960)],
        ],
        ["lockdown"] =
        [
            [(0.900, 0.036), (0.899, 0.025), (0.901, 0.071), (0.900, 0.040)],
            [(0.862, 0.076), (0.867, 0.036), (0.861, 0.034), (0.866, 0.033)],
        ],
    };

    internal static IEnumerable<StudyFinding> Compare(StudySetting setting)
    {
        var full = MethodCatalog.Default.Label(new Float32());
        if (
            setting.Federation?.Deserialize<Federation>(SpecJson.Options) is not { } federation
            || setting.Find(full, null) is not { } cell
            || federation.Attacker is not FollowProtocol
            || !AsPublished(setting, federation)
            || !Table4.TryGetValue(Method(federation), out var published)
        )
        {
            yield break;
        }

        var dirichlet = federation.Simulation.Partition == Partition.Dirichlet;
        var (benign, success) = published[dirichlet ? 1 : 0][Array.IndexOf(PoisonRates, setting.PoisonRate)];
        var where =
            $"{(dirichlet ? "with Dirichlet 0.5 data" : "with IID data")} and {Percent(setting.PoisonRate)} poison";
        var name = MethodCatalog.Default.Find(Method(federation))!.Name;
        yield return Finding(
            Metric.CleanAccuracy,
            $"{name} reaches a benign accuracy of {Percent(benign)} {where}.",
            benign
        );
        yield return Finding(
            Metric.AttackSuccessRate,
            $"{name} leaves an attack success of {Percent(success)} {where}.",
            success
        );

        StudyFinding Finding(Metric metric, string claim, double value)
        {
            var measured = cell.Values.GetValueOrDefault(metric.Id);
            return new(
                claim,
                setting.Title,
                full,
                null,
                metric.Id,
                value,
                measured,
                measured is null ? "" : Why(setting, federation, measured.N)
            );
        }
    }

    // The table's columns: BadNets at a rate of the table, a tenth of the clients.
    private static bool AsPublished(StudySetting setting, Federation federation) =>
        MethodLabel.Of(setting.Attack).Id == MethodCatalog.Default.For(new BadNets()).Id
        && PoisonRates.Contains(setting.PoisonRate)
        && federation.Simulation.Attackers * 10 == federation.Simulation.Clients;

    private static string Method(Federation federation) =>
        MethodCatalog.Default.For(federation.Protocol is Lockdown ? federation.Protocol : federation.Aggregator).Id;

    private static string Why(StudySetting setting, Federation federation, int models)
    {
        var simulation = federation.Simulation;
        return FormattableString.Invariant(
            $"Here {simulation.Attackers} of {simulation.Clients} clients attack and poison {100 * setting.PoisonRate:0.#} % for {simulation.Rounds} rounds on {PublishedClaims.Name(setting.Dataset)} with {PublishedClaims.Name(setting.Model)}, over {models} {(models == 1 ? "seed" : "seeds")}; the paper has 4 of 40, the same share, 200 rounds on CIFAR-10 with ResNet-9, and one run."
        );
    }

    private static string Percent(double value) => FormattableString.Invariant($"{100 * value:0.#} %");
}
