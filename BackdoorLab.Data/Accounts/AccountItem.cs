using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Accounts;

/// <summary>An account as the administrator's list shows it.</summary>
/// <param name="Id">Id.</param>
/// <param name="Name">User name.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Disabled">Whether they cannot sign in.</param>
/// <param name="HasPassword">False while an invitation has not been taken up.</param>
/// <param name="Created">UTC.</param>
/// <param name="LastSignIn">UTC, or null before the first time.</param>
public sealed record AccountItem(
    string Id,
    string Name,
    LabRole Role,
    bool Disabled,
    bool HasPassword,
    DateTime Created,
    DateTime? LastSignIn
);
