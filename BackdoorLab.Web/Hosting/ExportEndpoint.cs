using System.Text;
using BackdoorLab.Data;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Shared.Addresses;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// <c>/export/{file}</c>: runs as a file, <c>/export/runs/{id}.zip</c>: one run as a bundle, and
/// <c>/export/runs/{id}/report.html</c>: a check as a page; over HTTP and not through the page's connection, which is
/// made for small messages.
/// </summary>
public static class ExportEndpoint
{
    /// <summary>Adds the endpoint.</summary>
    public static void MapExports(this IEndpointRouteBuilder routes)
    {
        MapRuns(routes);
        routes.MapGet("/export/runs/{id}.zip", Bundle);
        routes.MapGet("/export/runs/{id}/report.html", Report);
    }

    /// <summary>Answers with a run as a bundle; the caller knows that it may be seen.</summary>
    internal static async Task<IResult> Bundle(string id, HttpContext context, BundleWriter bundles)
    {
        // In memory first: a run that cannot be bundled must be answered as not found, not as half a file.
        using var content = new MemoryStream();
        return await bundles.Write(id, content, context.RequestAborted)
            ? HttpResults.Bytes(content.ToArray(), "application/zip", $"backdoorlab-run-{id}.zip")
            : HttpResults.NotFound();
    }

    /// <summary>Answers with the report of a check; the caller knows that it may be seen.</summary>
    internal static async Task<IResult> Report(string id, HttpContext context, CheckReport reports) =>
        await reports.Write(id, context.RequestAborted) is { } html
            ? HttpResults.File(Encoding.UTF8.GetBytes(html), "text/html; charset=utf-8", $"backdoorlab-check-{id}.html")
            : HttpResults.NotFound();

    private static void MapRuns(IEndpointRouteBuilder routes) =>
        routes.MapGet(
            "/export/{file}",
            (string file, HttpContext context, RunExports exports) =>
            {
                if (RunExports.Files.All(known => known.File != file))
                {
                    return HttpResults.NotFound();
                }

                var ids = context.Request.Query["ids"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries);
                var state = RunListState.Read(context.Request.QueryString.Value ?? "") with { Page = 0 };
                if (ids.Length == 0 && state.Faults.Count > 0)
                {
                    return HttpResults.Problem(
                        string.Join(' ', state.Faults),
                        title: "The condition is not understood",
                        statusCode: StatusCodes.Status400BadRequest
                    );
                }

                var export =
                    ids.Length > 0
                        ? new RunExport(
                            RunSelection.Of(ids),
                            new(),
                            Link(
                                context,
                                ids.Length is >= 2 and <= CompareQuery.MaxRuns ? LabUrls.Compare(ids) : LabUrls.Runs
                            )
                        )
                        : new RunExport(RunSelection.All(state.Filter), state, Link(context, state.Address()));
                return HttpResults.Stream(
                    target => exports.Write(file, export, target, context.RequestAborted),
                    Type(file),
                    $"backdoorlab-{file}"
                );
            }
        );

    private static string Link(HttpContext context, string path) =>
        $"{context.Request.Scheme}://{context.Request.Host}{path}";

    private static string Type(string file) =>
        Path.GetExtension(file) switch
        {
            ".json" => "application/json",
            ".csv" => "text/csv; charset=utf-8",
            ".md" => "text/markdown; charset=utf-8",
            _ => "text/x-tex; charset=utf-8",
        };
}
