using BackdoorLab.Data;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Security;

/// <summary>Registration of accounts, schemes and policies.</summary>
public static class SecurityServices
{
    /// <summary>Shortest password; length is what counts, so there are no rules of composition.</summary>
    public const int LeastPasswordLength = 10;

    private static readonly TimeSpan SessionLife = TimeSpan.FromDays(7);
    private static readonly TimeSpan InvitationLife = TimeSpan.FromDays(3);

    /// <summary>
    /// Adds what tells and bounds who somebody is; the services that ask the actor stand in
    /// <see cref="Hosting.DashboardServices"/>.
    /// </summary>
    public static void AddLabSecurity(this IServiceCollection services, LabOptions options)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<FirstAdmin>();
        services.AddSingleton<SignInPace>();
        RequestLimits.Add(services);
        AddAccounts(services, options);
        AddSchemes(services, options);
        services.AddAuthorization(AddPolicies);
        services.Configure<AntiforgeryOptions>(forms => forms.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest);
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, SessionCheck>();
        services.AddScoped<CircuitHandler, ActorCircuit>();
        services.AddExceptionHandler<NotAllowedAnswer>();
        services.AddProblemDetails();
        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.ForwardedHeaders =
                ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;
            forwarded.KnownIPNetworks.Clear();
            forwarded.KnownProxies.Clear();
            foreach (var proxy in options.Proxies)
            {
                forwarded.KnownProxies.Add(proxy);
            }
        });
    }

    private static void AddAccounts(IServiceCollection services, LabOptions options)
    {
        services
            .AddLabAccounts(identity =>
            {
                identity.Password.RequiredLength = LeastPasswordLength;
                identity.Password.RequiredUniqueChars = 4;
                identity.Password.RequireDigit =
                    identity.Password.RequireLowercase =
                    identity.Password.RequireUppercase =
                    identity.Password.RequireNonAlphanumeric =
                        false;
            })
            .AddUserValidator<AccountNames>()
            .AddSignInManager<LabSignIn>()
            .AddClaimsPrincipalFactory<LabClaims>()
            .AddDefaultTokenProviders();
        services.Configure<DataProtectionTokenProviderOptions>(tokens => tokens.TokenLifespan = InvitationLife);
        services.Configure<SecurityStampValidatorOptions>(stamps =>
            stamps.ValidationInterval = TimeSpan.FromSeconds(options.SessionCheckSeconds)
        );
    }

    private static void AddSchemes(IServiceCollection services, LabOptions options)
    {
        services
            .AddAuthentication(Schemes.Any)
            .AddPolicyScheme(
                Schemes.Any,
                null,
                any =>
                    any.ForwardDefaultSelector = context =>
                        ApiKeyAuthentication.IsOffered(context.Request) ? Schemes.ApiKey
                        : options.Mode == LabMode.Local ? Schemes.Local
                        : IdentityConstants.ApplicationScheme
            )
            .AddScheme<AuthenticationSchemeOptions, LocalAuthentication>(Schemes.Local, null)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(Schemes.ApiKey, null)
            .AddIdentityCookies();
        services.ConfigureApplicationCookie(cookie =>
        {
            cookie.Cookie.Name = "backdoorlab";
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.ExpireTimeSpan = SessionLife;
            cookie.LoginPath = LabUrls.SignIn;
            cookie.ReturnUrlParameter = "returnUrl";

            // A script is told by the status, a person by the page that stands where the other would have stood.
            cookie.Events.OnRedirectToLogin = redirect =>
                Status(redirect.HttpContext, StatusCodes.Status401Unauthorized)
                ?? SendTo(redirect.Response, redirect.RedirectUri);
            cookie.Events.OnRedirectToAccessDenied = redirect =>
            {
                redirect.Response.StatusCode = StatusCodes.Status403Forbidden;
                return Task.CompletedTask;
            };
        });
    }

    private static Task? Status(HttpContext context, int status)
    {
        if (!context.Request.Path.StartsWithSegments(LabUrls.ApiRoot))
        {
            return null;
        }

        context.Response.StatusCode = status;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }

    private static Task SendTo(HttpResponse response, string address)
    {
        response.Redirect(address);
        return Task.CompletedTask;
    }

    private static void AddPolicies(AuthorizationOptions policies)
    {
        // What says nothing of its own is for those who are signed in.
        policies.FallbackPolicy = policies.DefaultPolicy;
        foreach (var role in Enum.GetValues<LabRole>())
        {
            policies.AddPolicy(
                role.ToString(),
                policy =>
                    policy.RequireRole(
                        Enum.GetValues<LabRole>().Where(other => other >= role).Select(other => other.ToString())
                    )
            );
        }
    }
}
