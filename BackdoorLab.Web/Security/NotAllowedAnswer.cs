using Microsoft.AspNetCore.Diagnostics;

namespace BackdoorLab.Web.Security;

/// <summary>Answers 403 with the reason when a service refused.</summary>
internal sealed class NotAllowedAnswer(IProblemDetailsService problems) : IExceptionHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext,
        Exception exception,
        CancellationToken cancellationToken
    )
    {
        if (exception is not NotAllowedException)
        {
            return false;
        }

        httpContext.Response.StatusCode = StatusCodes.Status403Forbidden;
        return await problems.TryWriteAsync(
            new()
            {
                HttpContext = httpContext,
                ProblemDetails =
                {
                    Title = "Not allowed",
                    Detail = exception.Message,
                    Status = StatusCodes.Status403Forbidden,
                },
            }
        );
    }
}
