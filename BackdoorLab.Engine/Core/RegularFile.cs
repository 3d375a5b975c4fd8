namespace BackdoorLab.Engine.Core;

/// <summary>
/// Opens a file that a person named, and nothing else by that name: opening a named pipe waits for whoever may write to
/// it, and a device can be read for ever. Links are followed. Everything but a regular file with content has length 0,
/// so that is told before it is opened.
/// </summary>
public static class RegularFile
{
    /// <summary>Opens a regular file for reading.</summary>
    /// <exception cref="IOException">It is absent, empty or no regular file; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path)
    {
        if (Fault(path) is { } fault)
        {
            throw new IOException($"{path} {fault}");
        }

        return File.OpenRead(path);
    }

    /// <summary>All bytes of a regular file of at most <paramref name="most"/> bytes.</summary>
    /// <exception cref="IOException">It is absent, empty, larger, or no regular file; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadAllBytes(string path, long most)
    {
        using var stream = OpenRead(path);
        if (stream.Length > most)
        {
            throw new IOException(
                FormattableString.Invariant($"{path} has {stream.Length:N0} bytes; at most {most:N0} are read.")
            );
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Why a path cannot be read as a file, to be said after its name; null when it can.</summary>
    public static string? Fault(string path)
    {
        var named = new FileInfo(path);
        FileSystemInfo target;
        try
        {
            target = named.ResolveLinkTarget(returnFinalTarget: true) ?? named;
        }
        catch (IOException)
        {
            return named.LinkTarget is null ? "is not there." : "is a link that leads nowhere.";
        }

        var what = target == named ? "" : $"is a link to {target.FullName}, which ";
        return Directory.Exists(path) ? what + "is a folder, not a file."
            : !target.Exists ? what + "is not there."
            : new FileInfo(target.FullName).Length == 0
                ? what + "is empty or no regular file (a device, a named pipe, a socket); it was not opened."
            : null;
    }
}
