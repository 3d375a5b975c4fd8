using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>Names of the authorization policies: each asks for a role or a higher one.</summary>
public static class Rights
{
    public const string Viewer = nameof(LabRole.Viewer);
    public const string Researcher = nameof(LabRole.Researcher);
    public const string Admin = nameof(LabRole.Admin);
}
