using System.Text.Json;
using System.Text.Json.Serialization;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace BackdoorLab.Web.Api;

/// <summary>The HTTP API for scripts, with its OpenAPI document at <c>/api/v1/openapi.json</c>.</summary>
internal static class LabApi
{
    private const string Version = "v1";
    private const string BearerScheme = "bearer";

    /// <summary>Adds what it needs.</summary>
    public static void AddLabApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase))
        );
        services.AddOpenApi(
            Version,
            api =>
            {
                api.ShouldInclude = endpoint =>
                    endpoint.RelativePath?.StartsWith($"{LabUrls.ApiRoot[1..]}/{Version}/", StringComparison.Ordinal)
                    == true;
                api.AddDocumentTransformer(Describe);
            }
        );
    }

    /// <summary>Adds its endpoints.</summary>
    public static void MapLabApi(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/api/{documentName}/openapi.json").RequireAuthorization(Rights.Viewer);
        var api = routes
            .MapGroup($"{LabUrls.ApiRoot}/{Version}")
            .RequireAuthorization(Rights.Viewer)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapRuns();
        api.MapStudies();
    }

    private static Task Describe(
        OpenApiDocument document,
        OpenApiDocumentTransformerContext context,
        CancellationToken cancellation
    )
    {
        document.Info = new()
        {
            Title = "BackdoorLab",
            Version = Version,
            Description =
                "Submit runs and studies and read their results. Keys are made under My account; a lab without accounts asks callers on the same machine for none.",
        };
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = BearerScheme,
                Description = "An API key of the lab.",
            },
        };
        document.Security = [new() { [new OpenApiSecuritySchemeReference(BearerScheme, document)] = [] }];
        return Task.CompletedTask;
    }
}
