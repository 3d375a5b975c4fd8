using BackdoorLab.Data;
using BackdoorLab.Web.Export;
using BackdoorLab.Web.Services;

namespace BackdoorLab.Web.Hosting;

/// <summary><c>/export/{file}</c>: runs as a file, over HTTP and not through the page's connection, which is made for small messages.</summary>
public static class ExportEndpoint
{
    /// <summary>Adds the endpoint.</summary>
    public static void MapExports(this IEndpointRouteBuilder routes) => routes.MapGet("/export/{file}", (string file, HttpContext context, RunExports exports) =>
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
