using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Training;
using TorchSharp;

namespace BackdoorLab.Engine.Tests.Federated;

[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class FederatedTrainingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federated").FullName;

    public static TheoryData<string> Attackers =>
        [.. MethodCatalog.Default.Of<AttackerBehaviour>().Select(method => method.Id)];

    private static Federation Short { get; } =
        ToyFederation.Settings with
        {
            Simulation = ToyFederation.Settings.Simulation with { Rounds = 4 },
            Protocol = ToyFederation.Lockdown with { PruningRate = 0.2 },
        };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_WithMasks_TellsTheirTimeApartFromScreening()
    {
        var (locked, rounds) = ToyFederation.Train(Short with { Simulation = Short.Simulation with { Rounds = 2 } }, 1);
        var (dense, plain) = ToyFederation.Train(
            Short with
            {
                Simulation = Short.Simulation with { Rounds = 1 },
                Protocol = new DenseTraining(),
            },
            1
        );

        // Nothing is pruned before the first round, so nothing is screened for in it.
        Assert.Equal(0, rounds.Rounds[0].RecoverySeconds);
        Assert.True(rounds.Rounds[1].RecoverySeconds > 0);
        Assert.All(
            rounds.Rounds,
            round =>
                Assert.InRange(
                    round.MaskSeconds,
                    1e-9,
                    round.ClientSeconds + round.ServerSeconds - round.RecoverySeconds + 1
                )
        );
        Assert.Equal((0, 0), (plain.Rounds[0].MaskSeconds, plain.Rounds[0].RecoverySeconds));
        locked.Dispose();
        dense.Dispose();
    }

    [Fact]
    public void Run_InterruptedInARound_EndsWithTheBitsOfAnUninterruptedOne()
    {
        var federation = Short with { Aggregator = new FoolsGold() };
        var (whole, history) = ToyFederation.Train(federation, 1);
        var file = Path.Combine(_folder, "state.safetensors");
        using var stop = new CancellationTokenSource();
        var measured = 0;
        var hooks = new FederationHooks
        {
            CheckpointFile = file,
            CheckpointSeconds = 0,
            Measure = network =>
            {
                // Cancelled while the second round is measured: that round is told and kept, the third begins and
                // stops.
                if (++measured == 3)
                {
                    stop.Cancel();
                }

                return ToyFederation.Measure(1)(network);
            },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => ToyFederation.Train(federation, 1, hooks, stop.Token));
        Assert.True(File.Exists(file));

        var (resumed, again) = ToyFederation.Train(federation, 1, hooks with { Measure = ToyFederation.Measure(1) });

        Assert.False(File.Exists(file));
        Assert.Equal(4, again.Rounds.Count);
        Assert.Equal(history.Rounds.Select(round => round.Fused), again.Rounds.Select(round => round.Fused));
        foreach (var ((name, expected), (_, found)) in whole.named_parameters().Zip(resumed.named_parameters()))
        {
            Assert.True(expected.eq(found).all().item<bool>(), $"{name} differs.");
        }

        whole.Dispose();
        resumed.Dispose();
    }

    [Fact]
    public void Run_SameSeed_GivesTheSameBits()
    {
        var (first, one) = ToyFederation.Train(Short, 3);
        var (second, two) = ToyFederation.Train(Short, 3);

        Assert.All(
            first.parameters().Zip(second.parameters()),
            pair => Assert.True(pair.First.eq(pair.Second).all().item<bool>())
        );
        Assert.Equal(one.Rounds[^1].Loss, two.Rounds[^1].Loss);
        first.Dispose();
        second.Dispose();
    }

    [Theory]
    [MemberData(nameof(Attackers))]
    public void Run_EveryAttackerUnderLockdown_ComesToAnEndWithACompleteHistory(string id)
    {
        var attacker = (AttackerBehaviour)Activator.CreateInstance(MethodCatalog.Default.Find(id)!.Type)!;
        var (network, history) = ToyFederation.Train(Short with { Attacker = attacker }, 1);

        Assert.Equal(4, history.Rounds.Count);
        Assert.All(history.Rounds, round => Assert.Equal(10, round.Clients.Count));
        Assert.Equal(11, history.Masks!.Votes.Count);
        Assert.Equal(34_186, history.Masks.Votes.Sum());
        Assert.All(history.Masks.Overlap.Select((row, i) => row[i]), own => Assert.Equal(1, own));
        Assert.NotEmpty(FederationFigures.Of(history, Short));
        network.Dispose();
    }

    [Fact]
    public void Run_FixMask_KeepsTheAttackersFirstMaskAndMovesTheOthers()
    {
        var (network, history) = ToyFederation.Train(Short with { Attacker = new FixMask() }, 1);

        // All start with one mask: who keeps it overlaps less and less with those who move.
        Assert.True(history.Rounds[^1].AttackerOverlap < 0.95);
        Assert.True(history.Rounds[^1].AttackerOverlap < history.Rounds[0].AttackerOverlap);
        network.Dispose();
    }

    [Fact]
    public void Run_AClientWhoseUploadIsNotFinite_IsLeftOutAndRecorded()
    {
        var (network, history) = ToyFederation.Train(Short with { Attacker = new Scaling { Boost = 1e39 } }, 1);

        Assert.All(
            history.Rounds,
            round => Assert.Equal([0], round.Clients.Where(client => client.Excluded).Select(client => client.Client))
        );
        Assert.All(network.parameters(), parameter => Assert.True(parameter.isfinite().all().item<bool>()));
        network.Dispose();
    }

    [Fact]
    public void Run_AClientWhoseUpdateIsTooLongForFloat32_DivergedInWordsNotInFigures()
    {
        // Finite numbers of 1e25 or so, whose squares are not.
        var federation = Short with
        {
            Attacker = new Scaling { Boost = 1e27 },
            Aggregator = new Krum(),
        };
        var (network, history) = ToyFederation.Train(federation, 1);

        var diverged = Assert.Single(history.Diverged);
        Assert.Equal(0, diverged.Client);
        Assert.Equal([1, 2, 3, 4], diverged.Rounds);
        Assert.All(
            history.Rounds,
            round =>
                Assert.Equal(
                    (null, null, 0),
                    (
                        round.Clients.Single(client => client.Client == 0).Norm,
                        round.Clients.Single(client => client.Client == 0).Loss,
                        round.Clients.Single(client => client.Client == 0).Trust
                    )
                )
        );
        Assert.Contains(
            "Client 0 (attacker) diverged in 4 of its 4 rounds, first in round 1: its loss or update was not finite, or longer than float32 holds, and was left out of the aggregate.",
            federation.Observations(history)
        );
        var figures = JsonSerializer.Serialize(FederationFigures.Of(history, federation), SpecJson.Options);
        Assert.Contains("diverged", figures, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", figures, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", figures, StringComparison.Ordinal);
        Assert.Equal(
            history.Rounds[0].Loss,
            history.Rounds[0].Clients.Where(client => !client.Excluded).Average(client => client.Loss!.Value),
            1e-12
        );
        network.Dispose();
    }

    [Fact]
    public void Run_OmniscienceBeforeVotesAreCounted_TrainsInsideItsOwnMask()
    {
        var locked = Short with
        {
            Simulation = Short.Simulation with { Rounds = 2 },
            Protocol = ToyFederation.Lockdown with
            {
                Spread = MaskSpread.Uniform,
                Density = 0.5,
                FusionMasks = FusionMasks.EndOfRound,
            },
            Attacker = new Omniscience(),
        };
        var (first, history) = ToyFederation.Train(locked, 1);
        var (second, everything) = ToyFederation.Train(
            locked with
            {
                Protocol = ToyFederation.Lockdown with { Quorum = 0 },
            },
            1
        );

        // Half of 32768 + 128 + 1280 + 10 parameters; without a quorum the consensus is all of them.
        Assert.Equal(17_093, history.Rounds[0].Clients.Single(client => client.Client == 0).Active);
        Assert.Equal(34_186, everything.Rounds[0].Clients.Single(client => client.Client == 0).Active);
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public void Run_NeurotoxinUnderLockdown_SendsTheLeastMovedShareFromTheSecondRoundOn()
    {
        var federation = Short with
        {
            Simulation = Short.Simulation with { Rounds = 2 },
            Protocol = ToyFederation.Lockdown with { Spread = MaskSpread.Uniform, Density = 0.5 },
            Attacker = new Neurotoxin { Share = 0.25 },
        };
        var (network, history) = ToyFederation.Train(federation, 1);

        // Half of 32768 + 128 + 1280 + 10 parameters, its own mask; then a quarter of each tensor, rounded down.
        Assert.Equal(
            [17_093, 8192 + 32 + 320 + 2],
            history.Rounds.Select(round => round.Clients.Single(client => client.Client == 0).Active)
        );
        network.Dispose();
    }

    [Fact]
    public void Run_AnyFederation_TellsWhatWasDealtAndWhatEachAttackerPoisoned()
    {
        var federation = ToyFederation.Settings with
        {
            Simulation = Short.Simulation with { Clients = 7, Attackers = 2, Rounds = 1, BatchSize = 150 },
        };
        var (network, history) = ToyFederation.Train(federation, 1);

        // 2,000 images, 200 of a class, to seven clients: 285 or 286 each, of each class 28 or 29; one batch of 150 a
        // pass.
        Assert.Equal(new DealtImages(2000, 2000, 7 * 150, 1), history.Dealt);
        Assert.Equal([0, 1], history.Poison.Select(attacker => attacker.Client));
        Assert.All(
            history.Poison,
            attacker =>
            {
                Assert.InRange(attacker.Images, 285, 286);
                Assert.InRange(attacker.Images - attacker.Candidates, 28, 29);
                Assert.Equal(attacker.Candidates / 2, attacker.Poisoned);
            }
        );
        Assert.Contains(
            "A pass over the clients' images uses 1,050 of 2,000, others each time: a batch that is not full with 150 images is left out.",
            federation.Observations(history)
        );
        var table = FederationFigures
            .Of(history, federation)
            .OfType<TableFigure>()
            .Single(figure => figure.Title == "Poison by attacker");
        Assert.Equal(2, table.Rows.Length);
        Assert.Equal(
            history.Poison[0].Poisoned.ToString(System.Globalization.CultureInfo.InvariantCulture),
            table.Rows[0][3]
        );
        network.Dispose();
    }

    [Fact]
    public void Observations_OfTheReleasedRule_SayHowManyImagesAreUsed()
    {
        var federation = ToyFederation.Settings with
        {
            Simulation = new Simulation
            {
                Clients = 40,
                Attackers = 2,
                Rounds = 1,
                BatchSize = 10,
                LocalEpochs = 1,
                IidRule = IidRule.Released,
            },
        };
        var (network, history) = ToyFederation.Train(federation, 1);

        // 200 of a class for 40 clients: 5 each, 40 slices; 1,990 would give 4 each and 49 slices.
        Assert.Equal(2000, history.Dealt!.Used);
        Assert.Contains(
            "The clients hold 1,600 of the 2,000 training images: the released rule for IID dealing leaves the others to nobody (round robin deals all).",
            federation.Observations(history with { Dealt = new DealtImages(2000, 1600, 1600, 1) })
        );
        Assert.Contains(
            "The images were dealt by draw 3 of Dirichlet(0.5): in those before it a client had fewer than 10 images.",
            federation.Observations(history with { Dealt = new DealtImages(2000, 2000, 2000, 3) })
        );
        network.Dispose();
    }

    [Fact]
    public void Run_EveryClientDiverging_FailsInWords()
    {
        var federation = Short with { Simulation = Short.Simulation with { LearningRate = 1e30 } };

        var fault = Assert.Throws<TrainingDivergedException>(() => ToyFederation.Train(federation, 1));

        Assert.Contains("Lower the learning rate", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_PartialParticipation_DrawsSoManyClientsARound()
    {
        var federation = ToyFederation.Settings with { Simulation = Short.Simulation with { Participation = 0.35 } };
        var (network, history) = ToyFederation.Train(federation, 1);

        Assert.All(history.Rounds, round => Assert.Equal(3, round.Clients.Count));
        Assert.True(
            history.Rounds.SelectMany(round => round.Clients).Select(client => client.Client).Distinct().Count() > 3
        );
        network.Dispose();
    }

    [Fact]
    public void Run_Lockdown_CountsTheBytesOfActiveParametersAndMasks()
    {
        var federation = Short with
        {
            Protocol = ToyFederation.Lockdown with { PruningRate = 0, Spread = MaskSpread.Uniform, Density = 0.5 },
        };
        var (network, history) = ToyFederation.Train(federation, 1);

        // 32768 + 128 + 1280 + 10 parameters, half of each; a mask takes a bit each: 4274 bytes.
        Assert.All(history.Rounds, round => Assert.Equal(10 * (4 * 17_093 + 4_274), round.UploadBytes));
        Assert.All(history.Rounds, round => Assert.Equal(10 * 4 * 17_093, round.DownloadBytes));

        // Both layers are half empty: 256 x 128 + 128 x 10 multiply-adds, half of them.
        Assert.Equal(34_048, history.MultiplyAdds);
        Assert.Equal(17_024, history.ActiveMultiplyAdds, 1);
        network.Dispose();
    }

    [Fact]
    public void Deal_Dba_StampsAQuarterOfTheTriggerForEachAttacker()
    {
        var federation = ToyFederation.Settings with
        {
            Simulation = ToyFederation.Settings.Simulation with { Attackers = 2 },
            Attacker = new DistributedBackdoor(),
        };
        var whole = ToyFederation.Data(1, federation with { Attacker = new FollowProtocol() });
        var split = ToyFederation.Data(1, federation);
        var clean = ToyFederation.Data(1, federation, attackers: 0);

        Assert.Equal(whole.Poisoned, split.Poisoned);
        Assert.Equal(180, split.Poisoned.Count(poisoned => poisoned));
        for (var client = 0; client < 2; client++)
        {
            var changed = split
                .Shards[client]
                .Where(i => split.Poisoned[i])
                .SelectMany(i =>
                    Enumerable
                        .Range(0, 256)
                        .Where(pixel => split.Images.Image(i)[pixel] != clean.Images.Image(i)[pixel])
                )
                .ToHashSet();

            // Of the 3 x 3 square in the corner: columns 0 and 1 of rows 0 and 1, then column 2 of the same rows.
            Assert.Equal(client == 0 ? [0, 1, 16, 17] : [2, 18], changed.Order());
        }
    }
}
