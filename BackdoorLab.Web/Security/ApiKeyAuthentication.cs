using System.Text.Encodings.Web;
using BackdoorLab.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Security;

/// <summary>
/// <c>Authorization: Bearer KEY</c>. A key acts for its owner and never allows more than they may, so disabling an
/// account stops its keys; administration is not possible by key.
/// </summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    ApiKeyStore keys,
    AccountQueries accounts,
    LabOptions lab
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private const string Bearer = "Bearer ";

    /// <summary>Whether a request brings a key.</summary>
    public static bool IsOffered(HttpRequest request) =>
        request.Path.StartsWithSegments(LabUrls.ApiRoot)
        && request.Headers.Authorization.ToString().StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!IsOffered(Request))
        {
            return AuthenticateResult.NoResult();
        }

        if (
            await keys.UseAsync(
                Request.Headers.Authorization.ToString()[Bearer.Length..].Trim(),
                Context.RequestAborted
            )
                is not { } key
            || await OwnerRole(key) is not { } role
        )
        {
            return AuthenticateResult.Fail("The API key is unknown, was revoked, or its owner is disabled.");
        }

        var most = key.Scope == ApiScope.Run ? LabRole.Researcher : LabRole.Viewer;
        var user = LabClaims.Principal(key.Owner, role < most ? role : most, Scheme.Name);
        return AuthenticateResult.Success(new AuthenticationTicket(user, Scheme.Name));
    }

    /// <inheritdoc/>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }

    private async Task<LabRole?> OwnerRole(ApiKeyItem key) =>
        lab.Mode == LabMode.Local
            ? key.Owner == Actor.LocalName
                ? LabRole.Researcher
                : null
            : await accounts.FindAsync(key.Owner, Context.RequestAborted) is { Disabled: false } owner
                ? owner.Role
                : null;
}
