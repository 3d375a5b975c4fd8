using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Somebody asked for what their role does not allow. Pages hide such things, so this is seen by scripts and by those
/// whose rights have just changed.
/// </summary>
public sealed class NotAllowedException(string message) : Exception(message)
{
    /// <summary>Says who asked and what was needed.</summary>
    public static NotAllowedException For(string name, LabRole? role, LabRole needed) =>
        new(
            role is { } has
                ? $"{name} has the role {Word(has)}; this needs the role {Word(needed)}."
                : $"Nobody is signed in; this needs the role {Word(needed)}."
        );

    private static string Word(LabRole role) => role.ToString().ToLowerInvariant();
}
