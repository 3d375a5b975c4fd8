namespace BackdoorLab.Web.Hosting;

/// <summary>
/// Held while a dashboard uses a lab folder. A second one would take the first one's running runs for lost. The system
/// frees it when the process ends, however it ends.
/// </summary>
public sealed class LabLock : IDisposable
{
    private readonly FileStream _file;

    private LabLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="LabInUseException">Another process holds it.</exception>
    public static LabLock Take(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "dashboard.lock");
        try
        {
            return new LabLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error) when (error is not DirectoryNotFoundException and not PathTooLongException)
        {
            throw new LabInUseException(
                $"The lab folder {folder} is in use by another dashboard. Stop that one, or choose another folder with --lab.",
                error
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
