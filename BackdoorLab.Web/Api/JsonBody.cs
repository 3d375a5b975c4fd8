using BackdoorLab.Engine.Core;
using Microsoft.AspNetCore.Http.Features;

namespace BackdoorLab.Web.Api;

/// <summary>
/// A spec in the body of a request: what is refused before anything is read of it, and how faults in it are answered.
/// </summary>
internal static class JsonBody
{
    private const long MostBytes = StrictJson.MostBytes;

    /// <summary>Reads the body and answers with what <paramref name="take"/> makes of it.</summary>
    /// <param name="what">What the body must be, such as "spec".</param>
    /// <param name="take">Takes the text in.</param>
    public static async Task<IResult> Take(
        HttpRequest request,
        string what,
        Func<string, Task<IResult>> take,
        CancellationToken cancellation
    )
    {
        // Also what keeps a form of another site out: it cannot send this type without asking first.
        if (!request.HasJsonContentType())
        {
            return HttpResults.Problem(
                $"The body must be a {what} with Content-Type: application/json.",
                statusCode: StatusCodes.Status415UnsupportedMediaType
            );
        }

        // The server counts while it reads: many clients send bodies whose length they do not say.
        request.HttpContext.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize =
            MostBytes;
        try
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, cancellation);
            return await take(StrictJson.Text(body.GetBuffer().AsSpan(0, (int)body.Length)));
        }
        catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return HttpResults.Problem(
                $"A {what} has at most {MostBytes} bytes.",
                statusCode: StatusCodes.Status413PayloadTooLarge
            );
        }
        catch (SpecException invalid)
        {
            return HttpResults.Problem(
                invalid.Message,
                title: $"The {what} is invalid",
                statusCode: StatusCodes.Status422UnprocessableEntity,
                extensions: new Dictionary<string, object?> { ["faults"] = invalid.Faults }
            );
        }
    }

    /// <summary>The door takes such a body.</summary>
    public static RouteHandlerBuilder TakesJson(this RouteHandlerBuilder door) =>
        door.Accepts<System.Text.Json.Nodes.JsonObject>("application/json")
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
}
