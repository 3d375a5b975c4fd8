using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;

namespace BackdoorLab.Web.Security;

/// <summary>What is behind <c>/s/{token}</c> besides the page: the files of the shared runs, and the answer for links that have ended.</summary>
internal static class ShareEndpoints
{
    private const string Prefix = "/s";

    /// <summary>Sends those who come with a dead token to a page that tells nothing of what there was, and counts the others. Before routing.</summary>
    public static IApplicationBuilder UseShareLinks(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        if (context.Request.Path.StartsWithSegments(Prefix, out var rest) && rest.Value is { Length: > 1 } path)
        {
            var token = path.Split('/', 3)[1];
            var store = context.RequestServices.GetRequiredService<ShareStore>();
            var link = await store.FindOpenAsync(token, context.RequestAborted);
            if (link is null)
            {
                context.Request.Path = LabUrls.LinkEnded;
            }
            else if (rest.Value == "/" + token && HttpMethods.IsGet(context.Request.Method))
            {
                await store.CountAsync(link.Id, context.RequestAborted);
            }

            // The token is in the address; no other page may learn it, and no cache keep what is behind it.
            context.Response.Headers["Referrer-Policy"] = "no-referrer";
            context.Response.Headers.CacheControl = "no-store";
        }

        await next(context);
    });

    /// <summary>Adds the files of shared runs.</summary>
    public static void MapSharedArtifacts(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Prefix + "/{token}/artifacts/{stage}/{file}", async (string token, string stage, string file, ShareStore store, LabOptions options, HttpContext context) =>
            await store.FindOpenAsync(token, context.RequestAborted) is { } link && await store.ReachesAsync(link, stage, file, context.RequestAborted)
                ? ArtifactEndpoint.Serve(stage, file, options, context, "private, max-age=3600")
                : Results.NotFound()).AllowAnonymous();
}
