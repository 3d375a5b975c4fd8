using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Data.Tests.Queries;

public sealed class VerdictTests : IAsyncLifetime
{
    private static readonly CellId Cleanse = Samples.Key("neural-cleanse");
    private readonly LabFixture _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Record_AVerdict_ComesBackWithItsFactsAndWithoutOneIsUnknown()
    {
        var verdict = Verdict.NotDecidable(UndecidedReason.NormCeiling, ("index-ceiling", 1.25)) with
        {
            Classes = [new(14, "stop")],
        };
        var id = await _lab.EndedAsync(
            Samples.Content(),
            [
                Samples.Value(Cleanse, ("detector-score", 1)) with
                {
                    Verdict = verdict,
                },
                Samples.Value(Samples.Key("strip")),
            ]
        );

        var cells = (await _lab.Details.FindAsync(id))!.Cells;

        var back = cells.Single(cell => cell.Id == Cleanse).Verdict!;
        Assert.Equal(
            (Decision.NotDecidable, UndecidedReason.NormCeiling, 1.25),
            (back.Decision, back.Reason, back.Figures["index-ceiling"])
        );
        Assert.Equal(new NamedClass(14, "stop"), Assert.Single(back.Classes));
        Assert.Null(cells.Single(cell => cell.Id.Defense == "strip").Verdict);
    }

    [Fact]
    public async Task Migrate_RatesOfBeforeTheyHadTwoNames_AreThoseOfSamplesWhereNoModelWasScored()
    {
        var id = await _lab.EndedAsync(
            Samples.Content(),
            [
                Samples.Value(Cleanse, ("detection-rate", 1), ("detector-score", 3)),
                Samples.Value(
                    Samples.Key("activation-clustering"),
                    ("detection-rate", 0.4),
                    ("false-positive-rate", 0.1),
                    ("auroc", 0.9)
                ),
            ]
        );
        await using (var context = await _lab.Contexts.CreateDbContextAsync())
        {
            var migrator = context.GetInfrastructure().GetRequiredService<IMigrator>();
            await migrator.MigrateAsync("Conditions");
            await migrator.MigrateAsync();
        }

        var cells = (await _lab.Details.FindAsync(id))!.Cells;

        Assert.Equal(
            ["detection-rate", "detector-score"],
            cells.Single(cell => cell.Id == Cleanse).Measurements.Select(row => row.Metric)
        );
        Assert.Equal(
            [("sample-auroc", 0.9), ("sample-detection-rate", 0.4), ("sample-false-positive-rate", 0.1)],
            cells.Single(cell => cell.Id != Cleanse).Measurements.Select(row => (row.Metric, row.Value))
        );
        Assert.All(cells, cell => Assert.Null(cell.Verdict));
    }

    [Fact]
    public async Task BoardAndMatrix_OfRunsThatCouldNotDecide_CountThemBesideN()
    {
        foreach (
            var (seed, decision) in new[]
            {
                (1, Decision.Flagged),
                (2, Decision.NotFlagged),
                (3, Decision.NotDecidable),
            }
        )
        {
            var cell =
                decision == Decision.NotDecidable
                    ? Samples.Value(Cleanse, ("detector-score", 1))
                    : Samples.Value(Cleanse, ("detection-rate", decision == Decision.Flagged ? 1 : 0));
            await _lab.EndedAsync(Samples.Content(seed: seed), [cell with { Verdict = new() { Decision = decision } }]);
        }

        var board = await _lab.Boards.ReadAsync(
            new()
            {
                Dataset = "gtsrb",
                Model = "res-net8",
                PoisonRate = 0.1,
                Metric = "detection-rate",
            }
        );
        var matrix = await _lab.Matrices.ReadAsync(new(), "detection-rate");

        var onBoard = Assert.Single(board.Cells);
        Assert.Equal((0.5, 2, 1), (onBoard.Value!.Mean, onBoard.Value.N, onBoard.Undecided));
        var inMatrix = Assert.Single(matrix.Cells);
        Assert.Equal((0.5, 2, 1), (inMatrix.Value!.Mean, inMatrix.Value.N, inMatrix.Undecided));
    }
}
