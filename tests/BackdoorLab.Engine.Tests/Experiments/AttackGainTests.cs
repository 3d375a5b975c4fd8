using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Tests.Experiments;

public sealed class AttackGainTests
{
    private static readonly CellId Backdoored = new(Victim.Backdoored, "float32", null);
    private static readonly CellId Twin = Backdoored with { Victim = Victim.Benign };

    [Fact]
    public void Compare_OfBothCells_AddsTheDifferenceToTheBackdooredOne()
    {
        var table = Table(Cell(Backdoored, 0.9, 0.85, 0.94), Cell(Twin, 0.1, 0.06, 0.15));
        var compared = table.Compare(Twin)!;
        var gain = compared.Measurements[^1];

        Assert.Equal(("attack-success-gain", 0.8, 1000), (gain.Metric, Math.Round(gain.Value, 12), gain.Count));
        Assert.Equal((0.729289, 0.856569), (Math.Round(gain.Low!.Value, 6), Math.Round(gain.High!.Value, 6)));
        Assert.Equal([compared, Cell(Twin, 0.1, 0.06, 0.15)], table.Results, new SameNumbers());
    }

    [Fact]
    public void Compare_Twice_HasTheGainOnce()
    {
        var table = Table(Cell(Backdoored, 0.9, 0.85, 0.94), Cell(Twin, 0.1, 0.06, 0.15));
        table.Compare(Twin);

        Assert.Equal(2, table.Compare(Backdoored)!.Measurements.Count);
    }

    [Fact]
    public void Compare_WithoutTheOtherCell_TellsNothing() =>
        Assert.Null(Table(Cell(Backdoored, 0.9, 0.85, 0.94)).Compare(Backdoored));

    [Fact]
    public void Compare_WithAFailedTwin_TellsNothing() =>
        Assert.Null(
            Table(Cell(Backdoored, 0.9, 0.85, 0.94), Cell(Twin, 0.1, 0.06, 0.15) with { Outcome = Outcome.Failed })
                .Compare(Twin)
        );

    private static CellTable Table(params CellResult[] cells)
    {
        var table = new CellTable();
        table.Plan(cells.Select(cell => cell.Id));
        Array.ForEach(cells, table.Set);
        return table;
    }

    private static CellResult Cell(CellId id, double success, double low, double high) =>
        new()
        {
            Id = id,
            Outcome = Outcome.Value,
            Measurements = [new("attack-success-rate", success, 1000, low, high)],
        };

    private sealed class SameNumbers : IEqualityComparer<CellResult>
    {
        public bool Equals(CellResult? x, CellResult? y) =>
            x!.Id == y!.Id && x.Measurements.SequenceEqual(y.Measurements);

        public int GetHashCode(CellResult obj) => obj.Id.GetHashCode();
    }
}
