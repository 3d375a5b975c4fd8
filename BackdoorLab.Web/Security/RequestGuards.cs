using System.Net;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Turns away requests that a foreign page makes a browser send. A lab without sign-in trusts whoever sits at the
/// machine, and their browser also shows pages of others.
/// </summary>
internal static class RequestGuards
{
    private const string FetchSite = "Sec-Fetch-Site";

    /// <summary>
    /// A lab without sign-in answers to the names of this machine alone, so that a name of somebody else that points
    /// here (DNS rebinding) opens nothing.
    /// </summary>
    public static IApplicationBuilder UseOwnNamesOnly(this IApplicationBuilder app, LabOptions options) =>
        options.Mode == LabMode.Lab || options.AllowRemote
            ? app
            : app.Use(
                static (context, next) =>
                {
                    var host = context.Request.Host.Host.Trim('[', ']');
                    return
                        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                        || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip))
                        ? next(context)
                        : Refuse(
                            context,
                            StatusCodes.Status400BadRequest,
                            "This lab has no sign-in and answers to 127.0.0.1 and localhost only. For other names start it with --mode lab."
                        );
                }
            );

    /// <summary>
    /// Whatever may change something, and the circuit, is open to this site's own pages and to programs that are no
    /// browsers.
    /// </summary>
    public static IApplicationBuilder UseOwnSiteOnly(this IApplicationBuilder app) =>
        app.Use(
            static (context, next) =>
                IsHarmless(context.Request) || IsOwn(context.Request)
                    ? next(context)
                    : Refuse(context, StatusCodes.Status403Forbidden, "A page of another site sent this request.")
        );

    private static bool IsHarmless(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && !request.Path.StartsWithSegments("/_blazor");

    private static bool IsOwn(HttpRequest request)
    {
        // Every browser of today sends the first to a trustworthy address; over plain HTTP from another machine there
        // is only the second.
        if (request.Headers[FetchSite].ToString() is { Length: > 0 } site)
        {
            return site is "same-origin" or "none";
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0
            || (
                Uri.TryCreate(origin, UriKind.Absolute, out var from)
                && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase)
            );
    }

    private static Task Refuse(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(why);
    }
}
