using BackdoorLab.Data;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;

namespace BackdoorLab.Web.Api;

/// <summary><c>/api/v1/studies</c>.</summary>
internal static class StudyEndpoints
{
    public static void MapStudies(this IEndpointRouteBuilder api)
    {
        var studies = api.MapGroup("/studies").WithTags("Studies");
        studies
            .MapPost("", Submit)
            .WithSummary("Queues all runs of a study; the body is what the study command reads.")
            .RequireAuthorization(Rights.Researcher)
            .TakesJson()
            .Produces<ApiSubmittedStudy>(StatusCodes.Status201Created);
        studies
            .MapGet("/{id}", Find)
            .WithSummary("How far a study is. Its runs are those with q=study:ID.")
            .Produces<ApiStudy>()
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static Task<IResult> Submit(
        HttpRequest request,
        RunDesk desk,
        SpeedProbe speed,
        CancellationToken cancellation
    ) =>
        JsonBody.Take(
            request,
            "study",
            async text =>
            {
                // Thousands of specs are checked and estimated: not on the thread that other requests wait for.
                var (study, id) = await Task.Run(
                    async () =>
                    {
                        var study = StudySpec.Parse(text);
                        return (study, await desk.Submit(study, spec => speed.Estimate(spec).Seconds, cancellation));
                    },
                    cancellation
                );
                return HttpResults.Created(
                    $"{LabUrls.ApiRoot}/v1/studies/{id}",
                    new ApiSubmittedStudy(id, LabUrls.Study(id), (int)study.CountRuns())
                );
            },
            cancellation
        );

    private static async Task<IResult> Find(string id, StudyQuery results, CancellationToken cancellation) =>
        await results.FindItemAsync(id, cancellation) is { Deleted: false } study
            ? HttpResults.Ok(ApiStudy.From(study))
            : HttpResults.Problem($"There is no study {id}.", statusCode: StatusCodes.Status404NotFound);
}
