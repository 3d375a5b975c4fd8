using BackdoorLab.Data;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Files;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// What is behind <c>/s/{token}</c> besides the page: the files of the shared runs, and the answer for links that have
/// ended.
/// </summary>
internal static class ShareEndpoints
{
    private const string Prefix = "/s";

    /// <summary>
    /// Sends those who come with a dead token to a page that tells nothing of what there was, and counts the others.
    /// Before routing.
    /// </summary>
    public static IApplicationBuilder UseShareLinks(this IApplicationBuilder app) =>
        app.Use(
            static async (context, next) =>
            {
                if (context.Request.Path.StartsWithSegments(Prefix, out var rest) && rest.Value is { Length: > 1 } path)
                {
                    var token = path.Split('/', 3)[1];
                    var store = context.RequestServices.GetRequiredService<ShareStore>();
                    var link = await store.FindOpenAsync(token, context.RequestAborted);
                    if (link is null)
                    {
                        // Who has the token of a link that has ended was given it; to others it was never there.
                        if (!await store.WasOpenAsync(token, context.RequestAborted))
                        {
                            MissingPages.Answer404(context.Response);
                        }

                        context.Request.Path = LabUrls.LinkEnded;
                    }
                    else if (rest.Value == "/" + token && HttpMethods.IsGet(context.Request.Method))
                    {
                        await store.CountAsync(link.Id, context.RequestAborted);
                    }

                    // The token is in the address; no other page may learn it.
                    context.Response.Headers["Referrer-Policy"] = "no-referrer";
                }

                await next(context);
            }
        );

    /// <summary>Adds the files of shared runs, and the runs themselves where that is allowed.</summary>
    public static void MapShared(this IEndpointRouteBuilder routes)
    {
        routes
            .MapGet(
                Prefix + "/{token}/artifacts/{stage}/{file}",
                async (
                    string token,
                    string stage,
                    string file,
                    ShareStore store,
                    LabOptions options,
                    HttpContext context
                ) =>
                    await store.FindOpenAsync(token, context.RequestAborted) is { } link
                    && await store.ReachesAsync(link, stage, file, context.RequestAborted)
                        ? ArtifactEndpoint.Serve(stage, file, options, context, "private, max-age=3600")
                        : HttpResults.NotFound()
            )
            .AllowAnonymous();
        routes
            .MapGet(
                Prefix + "/{token}/export/runs/{id}.zip",
                async (string token, string id, ShareStore store, BundleWriter bundles, HttpContext context) =>
                    await store.FindOpenAsync(token, context.RequestAborted) is { AllowDownloads: true } link
                    && await store.ReachesAsync(link, id, context.RequestAborted)
                        ? await ExportEndpoint.Bundle(id, context, bundles)
                        : HttpResults.NotFound()
            )
            .AllowAnonymous();
        routes
            .MapGet(
                Prefix + "/{token}/export/runs/{id}/report.html",
                async (string token, string id, ShareStore store, CheckReport reports, HttpContext context) =>
                    await store.FindOpenAsync(token, context.RequestAborted) is { AllowDownloads: true } link
                    && await store.ReachesAsync(link, id, context.RequestAborted)
                        ? await ExportEndpoint.Report(id, context, reports)
                        : HttpResults.NotFound()
            )
            .AllowAnonymous();
    }
}
