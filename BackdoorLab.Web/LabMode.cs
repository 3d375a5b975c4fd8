namespace BackdoorLab.Web;

/// <summary>Who may use a lab.</summary>
public enum LabMode
{
    /// <summary>Whoever sits at this machine: no sign-in, all rights.</summary>
    Local,

    /// <summary>A group: accounts with roles, sign-in.</summary>
    Lab,
}
