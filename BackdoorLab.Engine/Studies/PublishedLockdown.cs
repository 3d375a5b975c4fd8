using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// Table 4 of Huang et al., "Lockdown", NeurIPS 2023: CIFAR-10, ResNet-9, BadNets at p = 0.5, 4 attackers of 40 clients, 200 rounds, single
/// runs. A small configuration shows trends, not these decimals; the sentence beside them says what differs.
/// </summary>
internal static class PublishedLockdown
{
    internal const string Paper = "lockdown";

    // Benign accuracy and attack success, IID and Dirichlet 0.5.
    private static readonly Dictionary<string, (double Benign, double Success)[]> Table4 = new()
    {
        ["fed-avg"] = [(0.910, 0.661), (0.888, 0.864)],
        ["rlr"] = [(0.863, 0.043), (0.729, 0.295)],
        ["krum"] = [(0.764, 0.043), (0.434, 0.111)],
        ["rfa"] = [(0.908, 0.837), (0.883, 0.908)],
        ["trimmed-mean"] = [(0.909, 0.617), (0.883, 0.846)],
        ["lockdown"] = [(0.901, 0.071), (0.861, 0.034)],
    };

    internal static IEnumerable<StudyFinding> Compare(StudySetting setting)
    {
        var full = MethodCatalog.Default.Label(new Float32());
        if (setting.Federation is not { } federation || setting.Find(full, null) is not { } cell
            || federation.Attacker is not FollowProtocol || !AsPublished(setting, federation) || !Table4.TryGetValue(Method(federation), out var published))
        {
            yield break;
        }

        var dirichlet = federation.Simulation.Partition == Partition.Dirichlet;
        var (benign, success) = published[dirichlet ? 1 : 0];
        var where = dirichlet ? "with Dirichlet 0.5 data" : "with IID data";
        var name = MethodCatalog.Default.Find(Method(federation))!.Name;
        yield return Finding(Metric.CleanAccuracy, $"{name} reaches a benign accuracy of {Percent(benign)} {where}.", benign);
        yield return Finding(Metric.AttackSuccessRate, $"{name} leaves an attack success of {Percent(success)} {where}.", success);

        StudyFinding Finding(Metric metric, string claim, double value)
        {
            var measured = cell.Values.GetValueOrDefault(metric.Id);
            return new(claim, setting.Title, full, null, metric.Id, value, measured, measured is null ? "" : Why(setting, federation, measured.N));
        }
    }

    // The table's column: BadNets, p = 0.5, a tenth of the clients.
    private static bool AsPublished(StudySetting setting, Federation federation) =>
        setting.Attack.Split('[')[0] == MethodCatalog.Default.For(new BadNets()).Id && setting.PoisonRate == 0.5
            && federation.Simulation.Attackers * 10 == federation.Simulation.Clients;

    private static string Method(Federation federation) =>
        MethodCatalog.Default.For(federation.Protocol is Lockdown ? federation.Protocol : federation.Aggregator).Id;

    private static string Why(StudySetting setting, Federation federation, int models)
    {
        var simulation = federation.Simulation;
        return FormattableString.Invariant(
            $"Here {simulation.Attackers} of {simulation.Clients} clients attack and poison {100 * setting.PoisonRate:0.#} % for {simulation.Rounds} rounds on {PublishedClaims.Name(setting.Dataset)} with {PublishedClaims.Name(setting.Model)}, over {models} {(models == 1 ? "seed" : "seeds")}; the paper has 4 of 40, 50 %, 200 rounds on CIFAR-10 with ResNet-9, and one run.");
    }

    private static string Percent(double value) => FormattableString.Invariant($"{100 * value:0.#} %");
}
