using System.Text.Json.Nodes;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>Which files of the lab's folders runs name: what must stay, and what may go with them.</summary>
public sealed class NamedFiles(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Stages of which runs name files, those in the trash too.</summary>
    /// <param name="prefix">How their keys begin.</param>
    public async Task<IReadOnlyList<string>> StagesAsync(string prefix, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Artifacts.Where(file => file.Stage.StartsWith(prefix))
            .Select(file => file.Stage)
            .Distinct()
            .ToListAsync(cancellation);
    }

    /// <summary>The files that only these runs of the trash name: what purging them would free.</summary>
    /// <param name="selection">Runs; a filter must be one of the trash.</param>
    public async Task<FreedFiles> FreedByPurgeAsync(RunSelection selection, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var ids = await RunFilters
            .Apply(context, selection)
            .Where(run => run.Deleted)
            .Select(run => run.Id)
            .ToListAsync(cancellation);
        return await FreedAsync(context, ids, cancellation);
    }

    /// <summary>SHA-256 of the model files that runs name, those in the trash too.</summary>
    public async Task<IReadOnlySet<string>> ModelsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await ModelsAsync(context, context.Runs, cancellation);
    }

    /// <summary>The files that no other runs name.</summary>
    internal static async Task<FreedFiles> FreedAsync(
        LabDbContext context,
        IReadOnlyList<string> ids,
        CancellationToken cancellation
    )
    {
        var stages = await context
            .Stages.Where(stage => ids.Contains(stage.RunId))
            .Select(stage => stage.Key)
            .Distinct()
            .Where(key => !context.Stages.Any(other => other.Key == key && !ids.Contains(other.RunId)))
            .ToListAsync(cancellation);
        var models = await ModelsAsync(context, context.Runs.Where(run => ids.Contains(run.Id)), cancellation);
        if (models.Count > 0)
        {
            models.ExceptWith(
                await ModelsAsync(context, context.Runs.Where(run => !ids.Contains(run.Id)), cancellation)
            );
        }

        return new(stages, [.. models]);
    }

    private static async Task<HashSet<string>> ModelsAsync(
        LabDbContext context,
        IQueryable<Run> runs,
        CancellationToken cancellation
    )
    {
        // Checks of a file, and trainings that started from one.
        var specs = await runs.Join(
                context.RunTexts,
                run => run.Id,
                text => text.RunId,
                (run, text) => new { run.Attack, text.SpecJson }
            )
            .Where(run => run.Attack == KnownLabels.UnknownAttack || run.SpecJson.Contains("\"start\":"))
            .Select(run => run.SpecJson)
            .ToListAsync(cancellation);
        return
        [
            .. specs
                .Select(spec => JsonNode.Parse(spec))
                .SelectMany(spec => new[] { spec?["suspect"], spec?["start"] })
                .Select(file => (string?)file?["sha256"])
                .OfType<string>(),
        ];
    }
}

/// <summary>Files that no run names once others are gone.</summary>
/// <param name="Stages">Keys of stages.</param>
/// <param name="Models">SHA-256 of model files that were checked.</param>
public sealed record FreedFiles(IReadOnlyList<string> Stages, IReadOnlyList<string> Models);
