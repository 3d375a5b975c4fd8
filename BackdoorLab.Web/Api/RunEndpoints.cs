using System.ComponentModel;
using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Mvc;

namespace BackdoorLab.Web.Api;

/// <summary><c>/api/v1/runs</c>.</summary>
internal static class RunEndpoints
{
    private const int UsualPage = 50;
    private const int CellsSchema = 2;

    public static void MapRuns(this IEndpointRouteBuilder api)
    {
        var runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapGet("", List)
            .WithSummary("Runs outside the trash, newest first.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        runs.MapPost("", Submit)
            .WithSummary("Queues a run of a spec; the body is what the run command reads.")
            .RequireAuthorization(Rights.Researcher)
            .TakesJson()
            .Produces<ApiSubmitted>(StatusCodes.Status201Created);
        runs.MapGet("/{id}", Find)
            .WithSummary("A run with its spec.")
            .Produces<ApiRunDetail>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id}/cells", Cells)
            .WithSummary("Its results.")
            .Produces<ApiCells>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id}/cells.csv", Csv)
            .WithSummary("Its results as CSV, one row for each number.")
            .Produces<string>(StatusCodes.Status200OK, "text/csv")
            .ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapPost("/{id}/cancel", Cancel)
            .WithSummary("Asks it to stop.")
            .RequireAuthorization(Rights.Researcher)
            .Produces<ApiRun>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> List(
        RunListQuery runs,
        [Description(
            "What the search box of the run list understands: conditions such as attack:badnets, asr>90%, -tag:old, created>=2026-11-24, created>=7d (since seven days ago), state:finished, study:ID, and words. One that is not understood is answered with 400 and what is wrong."
        )]
            string? q,
        [Description("Words; each must occur in name, id, data set, model or attack.")] string? text,
        [Description(
            "One or more states: draft, queued, running, cancelling, succeeded, failed, cancelled, interrupted."
        )]
            string[]? state,
        string? dataset,
        string? model,
        string? attack,
        [Description("Where the last page ended: its next.")] string? after,
        [Description("Runs of a page, 1 to 500.")] int limit = UsualPage,
        CancellationToken cancellation = default
    )
    {
        (DateTime, string)? place = null;
        if (after is not null)
        {
            if (!RunPlace.TryRead(after, out var read))
            {
                return HttpResults.Problem(
                    "after: must be the 'next' of an earlier page.",
                    statusCode: StatusCodes.Status400BadRequest
                );
            }

            place = read;
        }

        if (limit is < 1 or > RunPage.MaxSize)
        {
            return HttpResults.Problem(
                $"limit: must be from 1 to {RunPage.MaxSize}; found {limit}.",
                statusCode: StatusCodes.Status400BadRequest
            );
        }

        var states = (state ?? []).Select(name => (Name: name, State: EnumName.Read<RunState>(name))).ToList();
        if (states.Find(one => one.State is null) is { Name: not null } unknown)
        {
            return HttpResults.Problem(
                $"state: there is no state '{Shortened.Of(unknown.Name)}'.",
                statusCode: StatusCodes.Status400BadRequest
            );
        }

        var query = RunQueryText.Parse(q);
        if (query.Faults.Count > 0)
        {
            return HttpResults.Problem(
                string.Join(' ', query.Faults),
                title: "q is not understood",
                statusCode: StatusCodes.Status400BadRequest,
                extensions: new Dictionary<string, object?> { ["faults"] = query.Faults }
            );
        }

        var filter = new RunFilter
        {
            Text = $"{text} {query.Words}",
            Conditions = query.Conditions,
            States = [.. states.Select(one => one.State!.Value)],
            Dataset = dataset,
            Model = model,
            Attack = attack,
        };
        var found = await runs.ListAfterAsync(filter, place, limit, cancellation);
        return HttpResults.Ok(
            new ApiRunPage([.. found.Select(ApiRun.From)], found.Count == limit ? RunPlace.After(found[^1]) : null)
        );
    }

    private static Task<IResult> Submit(
        HttpRequest request,
        RunDesk desk,
        SpeedProbe speed,
        CancellationToken cancellation
    ) =>
        JsonBody.Take(
            request,
            "spec",
            async text =>
            {
                var spec = SpecJson.Parse(text);
                var id = await desk.Submit(spec, speed.Estimate(spec).Seconds, cancellation);
                return HttpResults.Created($"{LabUrls.ApiRoot}/v1/runs/{id}", new ApiSubmitted(id, LabUrls.Run(id)));
            },
            cancellation
        );

    private static Task<IResult> Find(string id, RunDetailQuery results, CancellationToken cancellation) =>
        With(
            id,
            results,
            run =>
                HttpResults.Ok(
                    new ApiRunDetail(
                        ApiRun.From(run.Run),
                        JsonNode.Parse(run.SpecJson),
                        run.Environment,
                        run.Remarks,
                        run.Data
                    )
                ),
            cancellation
        );

    private static Task<IResult> Cells(string id, RunDetailQuery results, CancellationToken cancellation) =>
        With(
            id,
            results,
            run =>
                HttpResults.Ok(
                    new ApiCells(
                        CellsSchema,
                        ApiRun.From(run.Run),
                        RunWords.IsCheck(run.Run) ? ApiVerdict.From(CheckVerdict.Of(run).Verdict) : null,
                        run.Remarks,
                        [.. run.Cells.Select(ApiCell.From)]
                    )
                ),
            cancellation
        );

    private static Task<IResult> Csv(string id, RunDetailQuery results, CancellationToken cancellation) =>
        With(
            id,
            results,
            run =>
                HttpResults.File(
                    Encoding.UTF8.GetBytes(CellsCsv.Write(run)),
                    "text/csv; charset=utf-8",
                    $"cells-{id}.csv"
                ),
            cancellation
        );

    private static async Task<IResult> Cancel(
        string id,
        RunListQuery runs,
        RunDesk desk,
        CancellationToken cancellation
    )
    {
        if (await runs.FindItemAsync(id, cancellation) is not { Deleted: false })
        {
            return Missing(id);
        }

        return await desk.Cancel(id, cancellation) is null
            ? HttpResults.Problem(
                $"Run {id} waits for nothing and is not running.",
                statusCode: StatusCodes.Status409Conflict
            )
            : HttpResults.Ok(ApiRun.From((await runs.FindItemAsync(id, cancellation))!));
    }

    private static async Task<IResult> With(
        string id,
        RunDetailQuery results,
        Func<RunDetail, IResult> answer,
        CancellationToken cancellation
    ) => await results.FindAsync(id, cancellation) is { Run.Deleted: false } run ? answer(run) : Missing(id);

    private static IResult Missing(string id) =>
        HttpResults.Problem($"There is no run {id}.", statusCode: StatusCodes.Status404NotFound);
}
