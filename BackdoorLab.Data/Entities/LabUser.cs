using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Data.Entities;

/// <summary>A person with an account; only labs with sign-in have any.</summary>
public sealed class LabUser : IdentityUser
{
    /// <summary>What they may do.</summary>
    public LabRole Role { get; set; }

    /// <summary>A disabled account cannot sign in, and its sessions end.</summary>
    public bool Disabled { get; set; }

    /// <summary>UTC.</summary>
    public DateTime Created { get; set; }

    /// <summary>UTC, or null before the first time.</summary>
    public DateTime? LastSignIn { get; set; }
}

/// <summary>Roles; each may do all that the ones before it may.</summary>
public enum LabRole
{
    /// <summary>Sees everything, changes nothing.</summary>
    Viewer,

    /// <summary>Submits, changes and deletes runs, studies, notes, views and share links.</summary>
    Researcher,

    /// <summary>Also manages accounts, keys of others, the trash and the audit log.</summary>
    Admin,
}
