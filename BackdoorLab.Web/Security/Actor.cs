using System.Security.Claims;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Whoever a request or a circuit acts for; one in each scope. Every service that writes asks it, so that a hidden
/// button is a courtesy and not the lock. Background work has no scope of a person and does not come past here.
/// </summary>
public sealed class Actor(LabOptions options)
{
    /// <summary>The name in a lab without accounts.</summary>
    public const string LocalName = "local";

    private ClaimsPrincipal? _user;

    /// <summary>Raised when somebody else, or nobody any more, is behind the circuit.</summary>
    public event Action? Changed;

    /// <summary>User name; empty when nobody is signed in.</summary>
    public string Name => User?.Identity?.Name ?? (Role is null ? "" : LocalName);

    /// <summary>What they may do, or null when nobody is signed in.</summary>
    public LabRole? Role =>
        User is { } user
            ? Enum.TryParse<LabRole>(user.FindFirstValue(ClaimTypes.Role), out var role)
                ? role
                : null
            : options.Mode == LabMode.Local
                ? LabRole.Admin
                : null;

    /// <summary>The name that runs and studies bear; empty in a lab without accounts.</summary>
    public string Owner => options.Mode == LabMode.Local ? "" : Name;

    private ClaimsPrincipal? User => _user?.Identity?.IsAuthenticated == true ? _user : null;

    /// <summary>Whether they have this role or a higher one.</summary>
    public bool May(LabRole role) => Role >= role;

    /// <summary>Goes on only if they have this role or a higher one.</summary>
    /// <exception cref="NotAllowedException">They have not.</exception>
    public void Require(LabRole role)
    {
        if (!May(role))
        {
            throw NotAllowedException.For(Name, Role, role);
        }
    }

    /// <summary>Tells who it is; called by the pipeline and by the circuit.</summary>
    internal void Set(ClaimsPrincipal user)
    {
        _user = user;
        Changed?.Invoke();
    }
}
