using BackdoorLab.Data;
using BackdoorLab.Web.Features.Compare;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Features.Views;
using BackdoorLab.Web.Features.Visitors;
using Microsoft.AspNetCore.Components.Endpoints;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// Pages about one thing are answered with 404 when there is no such thing: scripts, crawlers and caches read the
/// status, people the page, which says what is missing and where to go. The page itself is live and comes after the
/// status, so the question is asked here.
/// </summary>
internal static class MissingPages
{
    /// <summary>Looks for what a page is about. Behind the authorization, so that strangers learn nothing.</summary>
    public static IApplicationBuilder UseMissingPages(this IApplicationBuilder app) =>
        app.Use(
            static async (context, next) =>
            {
                if (
                    HttpMethods.IsGet(context.Request.Method)
                    && context.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>()?.Type is { } page
                    && !await MayExist(page, context)
                )
                {
                    Answer404(context.Response);
                }

                await next(context);
            }
        );

    private static async Task<bool> MayExist(Type page, HttpContext context)
    {
        try
        {
            return await Exists(page, context);
        }
        catch (System.Data.Common.DbException)
        {
            // The page itself says what is the matter with the database.
            return true;
        }
    }

    /// <summary>At the last moment: the renderer leaves a page that begins with 404 to the router.</summary>
    public static void Answer404(HttpResponse response) =>
        response.OnStarting(() =>
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });

    private static async Task<bool> Exists(Type page, HttpContext context)
    {
        var (services, gone) = (context.RequestServices, context.RequestAborted);
        var id = context.GetRouteValue("Id") as string ?? "";
        var (runs, studies) = (services.GetRequiredService<RunListQuery>(), services.GetRequiredService<StudyQuery>());
        return page == typeof(RunView) ? await runs.FindItemAsync(id, gone) is not null
            : page == typeof(StudyPage) ? await studies.FindItemAsync(id, gone) is not null
            : page == typeof(DashboardPage)
                ? await services.GetRequiredService<DashboardStore>().FindAsync(id, gone) is { Deleted: false }
            : page == typeof(ViewPage) ? await services.GetRequiredService<ViewStore>().FindAsync(id, gone) is not null
            : page == typeof(ComparePage) ? await AnyOf(context.Request.Query["ids"], runs, gone)
            : page != typeof(SharedPage) || await Reached(context);
    }

    // Without ids the page is where runs are chosen.
    private static async Task<bool> AnyOf(string? ids, RunListQuery runs, CancellationToken gone)
    {
        var wanted = (ids ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Take(CompareQuery.MaxRuns)
            .ToList();
        foreach (var id in wanted)
        {
            if (await runs.FindItemAsync(id, gone) is not null)
            {
                return true;
            }
        }

        return wanted.Count == 0;
    }

    private static async Task<bool> Reached(HttpContext context)
    {
        var store = context.RequestServices.GetRequiredService<ShareStore>();
        return context.Request.Query["run"].ToString() is not { Length: > 0 } run
            || (
                await store.FindOpenAsync(context.GetRouteValue("Token") as string ?? "", context.RequestAborted)
                    is { } link
                && await store.ReachesAsync(link, run, context.RequestAborted)
            );
    }
}
