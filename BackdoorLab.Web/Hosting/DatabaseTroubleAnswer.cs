using BackdoorLab.Web.Jobs;
using Microsoft.AspNetCore.Diagnostics;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// Who asks for a change that the database cannot take at the moment is told why, and that later it may.
/// </summary>
internal sealed class DatabaseTroubleAnswer : IExceptionHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext,
        Exception exception,
        CancellationToken cancellationToken
    )
    {
        if (DatabaseWords.Of(exception) is not { } words)
        {
            return false;
        }

        httpContext.Response.Headers.RetryAfter = "10";
        await HttpResults.Problem(words, statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(httpContext);
        return true;
    }
}
