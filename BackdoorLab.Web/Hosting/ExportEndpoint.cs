using BackdoorLab.Data;
using BackdoorLab.Web.Export;
using BackdoorLab.Web.Services;

namespace BackdoorLab.Web.Hosting;

/// <summary><c>/export/{file}</c>: runs as a file, and <c>/export/runs/{id}.zip</c>: one run as a bundle; over HTTP and not through the page's connection, which is made for small messages.</summary>
public static class ExportEndpoint
{
    /// <summary>Adds the endpoint.</summary>
    public static void MapExports(this IEndpointRouteBuilder routes)
    {
        MapRuns(routes);
        routes.MapGet("/export/runs/{id}.zip", async (string id, HttpContext context, BundleWriter bundles) =>
        {
            // In memory first: a run that cannot be bundled must be answered as not found, not as half a file.
            using var content = new MemoryStream();
            return await bundles.Write(id, content, context.RequestAborted)
                ? Results.Bytes(content.ToArray(), "application/zip", $"backdoorlab-run-{id}.zip")
                : Results.NotFound();
        });
    }

    private static void MapRuns(IEndpointRouteBuilder routes) => routes.MapGet("/export/{file}", (string file, HttpContext context, RunExports exports) =>
    {
        if (RunExports.Files.All(known => known.File != file))
        {
            return Results.NotFound();
        }

        var ids = context.Request.Query["ids"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries);
        var selection = ids.Length > 0 ? RunSelection.Of(ids) : RunSelection.All(RunListState.Read(context.Request.QueryString.Value ?? "").Filter);
        return Results.Stream(
            target => exports.Write(file, selection, target, context.RequestAborted),
            file.EndsWith(".json", StringComparison.Ordinal) ? "application/json" : "text/csv; charset=utf-8",
            $"backdoorlab-{file}");
    });
}
