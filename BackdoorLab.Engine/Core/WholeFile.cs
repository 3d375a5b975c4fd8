namespace BackdoorLab.Engine.Core;

/// <summary>
/// Files that are either whole or absent: written under a temporary name of this process, brought to the disk and
/// renamed. A process that dies at any moment leaves the old file or the new one.
/// </summary>
public static class WholeFile
{
    /// <summary>
    /// Replaces <paramref name="path"/> with what <paramref name="write"/> puts into the stream; makes the folder.
    /// </summary>
    public static void Write(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = File.Create(temporary))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            // Half a file helps nobody, and on a full disk it takes the place of what is needed.
            File.Delete(temporary);
            throw;
        }
    }
}
