using System.Net;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Security;

/// <summary>
/// Every role at every door. The doors come from the route table, so that a new one is tried without being listed here.
/// </summary>
public sealed class EndpointMatrixTests
{
    /// <summary>
    /// All that is open to those without an account. Whoever adds an open door has to come here and say so.
    /// </summary>
    private static readonly string[] Open =
    [
        "/healthz",
        "/sign-in",
        "/first-admin",
        "/set-password",
        "/link-ended",
        "/not-found",
        "/s/{Token}",
        "/s/{token}/artifacts/{stage}/{file}",
        "/s/{token}/export/runs/{id}.zip",
        "/s/{token}/export/runs/{id}/report.html",
        "/_blazor",
        "/_framework",
    ];

    [Fact]
    public async Task Doors_OpenToAnybody_AreTheKnownOnes()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);

        var open = Doors(lab)
            .Where(door => door.Endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .Select(door => door.Pattern)
            .Distinct();

        Assert.DoesNotContain(
            open,
            pattern =>
                !Open.Any(known =>
                    pattern == known
                    || (
                        known.StartsWith("/_", StringComparison.Ordinal)
                        && pattern.StartsWith(known, StringComparison.Ordinal)
                    )
                )
        );
    }

    [Fact]
    public async Task Doors_ThatChangeSomething_NeedAResearcher()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);

        // Pages answer to POST as well; theirs is a form, which is a matter of its own.
        var weak = Doors(lab)
            .Where(door =>
                door.Endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is null
                && !door.Pattern.StartsWith("/_", StringComparison.Ordinal)
            )
            .Where(door =>
                door.Methods.Any(method => method is not ("GET" or "HEAD"))
                && Needed(door.Endpoint) < LabRole.Researcher
            )
            .Select(door => door.Pattern);

        Assert.Empty(weak);
    }

    [Fact]
    public async Task Doors_OfAdministration_NeedAnAdmin()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);

        var doors = Doors(lab).Where(door => door.Pattern.StartsWith("/admin", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(doors);
        Assert.All(doors, door => Assert.Equal(LabRole.Admin, Needed(door.Endpoint)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(LabRole.Viewer)]
    [InlineData(LabRole.Researcher)]
    [InlineData(LabRole.Admin)]
    public async Task Door_OfAnyKind_LetsInWhomItShould(LabRole? role)
    {
        await using var lab = await GroupLab.StartAsync();
        var run = (await lab.Lab.Store.SubmitAsync(RunContent.From(TinySpec.Short, 1))).Id;
        using var visitor = role is { } known ? await lab.Visitor(known) : lab.Visitor();
        var faults = new List<string>();
        var tried = 0;
        foreach (var (pattern, endpoint, methods) in Doors(lab))
        {
            var method = endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is null ? methods[0] : "GET";
            using var request = new HttpRequestMessage(new(method), new Uri(Fill(pattern, run), UriKind.Relative));
            using var answer = await visitor.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            tried++;
            var refused =
                answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                || answer.Headers.Location?.OriginalString.Contains(LabUrls.SignIn, StringComparison.Ordinal) == true;
            if (
                refused != (role is null ? Needed(endpoint) is not null : role < Needed(endpoint))
                || (int)answer.StatusCode >= 500
            )
            {
                faults.Add(
                    $"{method} {pattern} answers {(int)answer.StatusCode} {answer.Headers.Location} to {role?.ToString() ?? "nobody"}"
                );
            }
        }

        Assert.Empty(faults);
        Assert.True(tried > 20, $"Only {tried} doors were found.");
    }

    [Fact]
    public async Task Api_WithoutAccount_SaysWhyAsProblem()
    {
        await using var lab = await GroupLab.StartAsync();
        using var nobody = lab.Visitor();
        using var viewer = await lab.Visitor(LabRole.Viewer);

        using var unknown = await nobody.Get("/api/v1/runs");
        using var forbidden = await viewer.Client.PostAsync(
            new Uri("/api/v1/runs", UriKind.Relative),
            new StringContent(SpecJson.Write(TinySpec.Short), null, "application/json")
        );

        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.Equal("Bearer", unknown.Headers.WwwAuthenticate.ToString());
        Assert.Equal("application/problem+json", unknown.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        Assert.Equal("application/problem+json", forbidden.Content.Headers.ContentType!.MediaType);
    }

    private static IEnumerable<(string Pattern, RouteEndpoint Endpoint, IReadOnlyList<string> Methods)> Doors(
        GroupLab lab
    ) =>
        from source in lab.Services.GetServices<EndpointDataSource>()
        from endpoint in source.Endpoints.OfType<RouteEndpoint>()
        let pattern = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')

        // Style sheets and scripts are the same for everybody, each under several names.
        where endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.StaticAssets.StaticAssetDescriptor>() is null
        select (pattern, endpoint, endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]);

    private static LabRole? Needed(RouteEndpoint endpoint)
    {
        if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return null;
        }

        return endpoint
            .Metadata.GetOrderedMetadata<IAuthorizeData>()
            .Select(data => data.Policy is null ? LabRole.Viewer : Enum.Parse<LabRole>(data.Policy))
            .DefaultIfEmpty(LabRole.Viewer)
            .Max();
    }

    private static string Fill(string pattern, string run) =>
        System.Text.RegularExpressions.Regex.Replace(
            pattern,
            @"\{\*{0,2}(\w+)[^}]*\}",
            match =>
                match.Groups[1].Value.ToLowerInvariant() switch
                {
                    "id" => run,
                    "token" => "none",
                    _ => "ab",
                }
        );
}
