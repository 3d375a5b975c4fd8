using BackdoorLab.Engine.Federated;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

[Collection("torch")]
public sealed class FoolsGoldTests
{
    // x and y at 60 degrees, h at right angles to both: similarities 1/2 1/2 0, so 1/2 1/2 1, logits ln(1) + 1/2 = 1/2
    // and 1.
    private static readonly float[][] Related =
    [
        [1, 0, 0],
        [0.5f, 0.8660254f, 0],
        [0, 0, 1],
    ];

    [Fact]
    public void Step_TwoSybils_LeavesTheOther()
    {
        var (step, trust) = Rounds.Run(
            new FoolsGold(),
            [
                [1, 0],
                [3, 0],
                [0, 2],
            ]
        );

        Rounds.AssertEqual([0, 2], step);
        Assert.Equal([0, 0, 1], trust);
    }

    [Fact]
    public void Step_RelatedClients_LoseAPartOfTheirWeight()
    {
        // weights 1/2 1/2 1 over their sum 2
        var (step, trust) = Rounds.Run(new FoolsGold(), Related);

        Rounds.AssertEqual([0.25, 0.25, 0.5], trust);
        Rounds.AssertEqual([0.375, 0.2165064, 0.5], step);
    }

    [Fact]
    public void Step_LowerConfidence_ScalesTheLogit() =>
        // x and y: 0.8 * 1/2 = 0.4; h: 0.8 (ln 99 + 1/2) > 1
        Rounds.AssertEqual(
            [0.4 / 1.8, 0.4 / 1.8, 1 / 1.8],
            Rounds.Run(new FoolsGold { Confidence = 0.8 }, Related).Trust
        );

    [Fact]
    public void Weights_HonestClientNearSybils_IsPardoned()
    {
        using var scope = NewDisposeScope();
        // The third has cosine 0.7 to two sybils of cosine 1: 0.7 * 0.7 / 1 = 0.49, so 0.51 and ln(51/49) + 1/2.
        // Unpardoned it would be 0.3 and 0.
        var gram = GramMatrix.Of(Rounds.Rows([1, 0, 0], [1, 0, 0], [0.7f, 0.71414284f, 0], [0, 0, 1]));

        Rounds.AssertEqual([0, 0, Math.Log(51.0 / 49) + 0.5, 1], SybilSimilarity.Weights(gram, confidence: 1));
    }

    [Fact]
    public void Weights_OppositeClients_CountAsUnrelated()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([1, 1], SybilSimilarity.Weights(GramMatrix.Of(Rounds.Rows([1, 0], [-1, 0])), confidence: 1));
    }

    [Fact]
    public void Memory_OverRounds_SumsTheUpdatesByClientAndDecides()
    {
        using var memory = new AggregatorMemory();
        Rounds.Run(
            new FoolsGold(),
            [
                [1, 0, 0],
                [0, 1, 0],
                [0, 1, 0],
            ],
            clients: [3, 5, 7],
            memory: memory
        );
        // In this round 3 and 5 look the same, but over both 5 and 7 do: (1, 1, 0), (0, 2, 0), (0, 3, 0).
        var (_, trust) = Rounds.Run(
            new FoolsGold(),
            [
                [0, 2, 0],
                [0, 1, 0],
                [0, 1, 0],
            ],
            clients: [7, 5, 3],
            memory: memory
        );

        Assert.Equal([1, 1, 0], Rounds.Values(memory.Tensors[FoolsGold.HistoryName(3)]));
        Assert.Equal([0, 3, 0], Rounds.Values(memory.Tensors[FoolsGold.HistoryName(7)]));
        Assert.Equal([0, 0, 1], trust);
        Assert.Equal(3, memory.Tensors.Count);
    }

    [Fact]
    public void Memory_OfARoundThatWasNotFinished_IsUntouched()
    {
        using var scope = NewDisposeScope();
        using var memory = new AggregatorMemory();
        using (var aggregation = new FoolsGold().Begin(Rounds.Round(2, 2, 0, memory)))
        {
            aggregation.Add(Rounds.Update(0, [1, 2]));
        }

        Assert.Empty(memory.Tensors);
    }
}
