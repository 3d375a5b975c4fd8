using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using BackdoorLab.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Security;

/// <summary>
/// A lab without accounts: everybody is "local" with all rights. Scripts from another machine need a key all the same.
/// </summary>
internal sealed class LocalAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <inheritdoc/>
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var address = Context.Connection.RemoteIpAddress;
        if (Request.Path.StartsWithSegments(LabUrls.ApiRoot) && (address is null || !IPAddress.IsLoopback(address)))
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var user = LabClaims.Principal(Actor.LocalName, LabRole.Admin, Scheme.Name);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(user, Scheme.Name)));
    }
}
