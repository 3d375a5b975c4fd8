namespace BackdoorLab.Web.Jobs;

/// <summary>
/// The name under which this lab claims runs. The same after a restart: whatever it still holds then has lost its
/// worker, since only one dashboard at a time can use a lab folder.
/// </summary>
public sealed class RunOwner(LabOptions options)
{
    /// <summary>Machine and lab folder.</summary>
    public string Name { get; } = $"{Environment.MachineName}:{options.Lab}";
}
