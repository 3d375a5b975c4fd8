using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace BackdoorLab.Web.Security;

/// <summary>
/// How much one caller may ask of the HTTP API and send as model files: an account, or an address where nobody is
/// signed in. Who sits at the machine of a lab without accounts may ask more.
/// </summary>
public sealed record RequestLimits
{
    private const int AtTheMachine = 20;

    /// <summary>Requests to the API that may come at once.</summary>
    public int ApiBurst { get; init; } = 300;

    /// <summary>Requests to the API that are added each second.</summary>
    public int ApiPerSecond { get; init; } = 30;

    /// <summary>Files that may be sent in within <see cref="UploadWindow"/>.</summary>
    public int Uploads { get; init; } = 30;

    /// <summary>Files of one caller that may be under way at the same time.</summary>
    public int UploadsAtOnce { get; init; } = 2;

    /// <summary>See <see cref="Uploads"/>.</summary>
    public TimeSpan UploadWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Adds the limiter; refused requests are answered with 429 and when to come again.</summary>
    internal static void Add(IServiceCollection services)
    {
        services.AddSingleton(new RequestLimits());
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = Refuse;
            limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                Partition(
                    IsApi,
                    (limits, factor) =>
                        new TokenBucketRateLimiter(
                            new()
                            {
                                TokenLimit = limits.ApiBurst * factor,
                                TokensPerPeriod = limits.ApiPerSecond * factor,
                                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                                AutoReplenishment = true,
                            }
                        )
                ),
                Partition(
                    IsUpload,
                    (limits, factor) =>
                        new FixedWindowRateLimiter(
                            new()
                            {
                                PermitLimit = limits.Uploads * factor,
                                Window = limits.UploadWindow,
                                AutoReplenishment = true,
                            }
                        )
                ),
                Partition(
                    IsUpload,
                    (limits, factor) => new ConcurrencyLimiter(new() { PermitLimit = limits.UploadsAtOnce * factor })
                )
            );
        });
    }

    private static PartitionedRateLimiter<HttpContext> Partition(
        Func<HttpRequest, bool> concerns,
        Func<RequestLimits, int, RateLimiter> make
    ) =>
        PartitionedRateLimiter.Create<HttpContext, string>(context =>
        {
            if (!concerns(context.Request))
            {
                return RateLimitPartition.GetNoLimiter("");
            }

            var (limits, factor) = (context.RequestServices.GetRequiredService<RequestLimits>(), Factor(context));
            return RateLimitPartition.Get($"{Caller(context)} {factor}", _ => make(limits, factor));
        });

    private static bool IsApi(HttpRequest request) => request.Path.StartsWithSegments(LabUrls.ApiRoot);

    private static bool IsUpload(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && request.Path == LabUrls.Models;

    private static int Factor(HttpContext context) =>
        context.RequestServices.GetRequiredService<LabOptions>().Mode == LabMode.Local
        && context.Connection.RemoteIpAddress is { } address
        && IPAddress.IsLoopback(address)
            ? AtTheMachine
            : 1;

    private static string Caller(HttpContext context) =>
        context.User.Identity is { IsAuthenticated: true, Name: { Length: > 0 } name } && name != Actor.LocalName
            ? "account " + name
            : "address " + SignInPace.Place(context.Connection.RemoteIpAddress);

    private static async ValueTask Refuse(OnRejectedContext refused, CancellationToken cancellation)
    {
        var wait = refused.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after)
            ? Math.Max(1, (int)Math.Ceiling(after.TotalSeconds))
            : 1;
        refused.HttpContext.Response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
        await HttpResults
            .Problem($"Too many requests. Try again in {wait} s.", statusCode: StatusCodes.Status429TooManyRequests)
            .ExecuteAsync(refused.HttpContext);
    }
}
