using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;

namespace BackdoorLab.Web.Hosting;

/// <summary>The order of what a request passes before it reaches a page.</summary>
internal static class SecurityPipeline
{
    /// <summary>Guards, routing, who it is, what they may. Comes after headers and error pages.</summary>
    public static void UseLabSecurity(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<LabOptions>();
        if (options.Proxies.Count > 0)
        {
            app.UseForwardedHeaders();
        }

        app.UseOwnNamesOnly(options);
        app.UseOwnSiteOnly();

        // Scripts get their errors as problem details, not as pages.
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments(LabUrls.ApiRoot),
            static api => api.UseExceptionHandler().UseStatusCodePages()
        );
        app.UseShareLinks();
        app.UseRouting();
        app.UseAuthentication();
        app.Use(
            static (context, next) =>
            {
                context.RequestServices.GetRequiredService<Actor>().Set(context.User);
                return next(context);
            }
        );
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.UseMissingPages();
    }

    /// <summary>
    /// The connection of a page is open to those without an account, because a share link's page needs it; what it
    /// shows is decided by the page's own policy, for whoever is behind the connection.
    /// </summary>
    public static void AllowCircuitsOfAnybody(this RazorComponentsEndpointConventionBuilder components) =>
        components.Add(endpoint =>
        {
            if (
                endpoint is RouteEndpointBuilder route
                && route.RoutePattern.RawText?.TrimStart('/') is { } path
                && (
                    path.StartsWith("_blazor", StringComparison.Ordinal)
                    || path.StartsWith("_framework", StringComparison.Ordinal)
                )
            )
            {
                endpoint.Metadata.Add(new AllowAnonymousAttribute());
            }
        });
}
