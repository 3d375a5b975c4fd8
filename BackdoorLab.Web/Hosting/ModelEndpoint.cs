using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// <c>POST /models?name=model.pth</c>: a model file as the body, straight to the disk; a page's connection is made for
/// small messages. The page sends the token of <c>/models/token</c> with it, which no other site can read.
/// </summary>
public static class ModelEndpoint
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        routes
            .MapGet(
                LabUrls.ModelToken,
                (HttpContext context, IAntiforgery antiforgery) =>
                {
                    context.Response.Headers.CacheControl = "no-store";
                    return HttpResults.Text(antiforgery.GetAndStoreTokens(context).RequestToken);
                }
            )
            .RequireAuthorization(Rights.Researcher);

        // A script sends the request, and reads statuses: a page in place of a refusal would not be one.
        routes
            .MapPost(LabUrls.Models, Take)
            .RequireAuthorization(Rights.Researcher)
            .WithMetadata(new SkipStatusCodePagesAttribute());
    }

    private static async Task<IResult> Take(
        string? name,
        HttpContext context,
        IAntiforgery antiforgery,
        ModelDesk desk,
        ModelShelf shelf
    )
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return HttpResults.Problem(
                "The request does not carry the page's token. Reload the page and choose the file again.",
                statusCode: StatusCodes.Status400BadRequest
            );
        }

        if (context.Request.ContentLength > shelf.MostBytes)
        {
            return HttpResults.Problem(
                $"The file has {Numbers.Bytes(context.Request.ContentLength.Value)}; this lab takes {Numbers.Bytes(shelf.MostBytes)} at most.",
                statusCode: StatusCodes.Status413PayloadTooLarge
            );
        }

        // What comes in is counted by the shelf, which says more than the server's own refusal.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        try
        {
            return HttpResults.Ok(await desk.Take(name ?? "", context.Request.Body, context.RequestAborted));
        }
        catch (WeightFileException refused)
        {
            return HttpResults.Problem(refused.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
        catch (Exception broken) when (broken is BadHttpRequestException or OperationCanceledException)
        {
            return HttpResults.Problem(
                "The file did not arrive to its end. Choose it again.",
                statusCode: StatusCodes.Status400BadRequest
            );
        }
    }
}
