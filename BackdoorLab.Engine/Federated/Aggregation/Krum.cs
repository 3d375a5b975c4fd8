using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Krum: the step is the one update u_i whose score, the sum of its n - f - 2 smallest squared Euclidean distances to
/// others, is lowest. Blanchard, El Mhamdi, Guerraoui, Stainer, "Machine Learning with Adversaries: Byzantine Tolerant
/// Gradient Descent", NeurIPS 2017, section 4. The proof asks for n at least 2f + 3; with n - f - 2 below 1 there is no
/// score, and the rule refuses (the released Lockdown code then returns the first client). It averages nothing, so it
/// learns slowly on data that differ among clients. Cost: n^2 P multiply-adds; all updates in memory.
/// </summary>
[Method(
    "krum",
    "Krum",
    Order = 40,
    Summary = "Takes the one update that lies closest to its nearest neighbours and drops all others.",
    Paper = "P. Blanchard, E. M. El Mhamdi, R. Guerraoui, J. Stainer: Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent. NeurIPS 2017.",
    Deviations = "Running statistics of batch normalisation are no part of it: those of all clients are averaged, unless the simulation says otherwise."
)]
public sealed record Krum : KrumRule
{
    private protected override int Count(int clients, int attackers) => 1;
}
