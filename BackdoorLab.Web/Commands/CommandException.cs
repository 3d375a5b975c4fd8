namespace BackdoorLab.Web.Commands;

/// <summary>A command cannot do what its options say; the message names the option and the remedy.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// Makes a folder that a command is going to write to, and sees that it can be written, before anything is
    /// computed.
    /// </summary>
    /// <exception cref="CommandException">It cannot.</exception>
    public static DirectoryInfo MakeFolder(string option, DirectoryInfo folder)
    {
        try
        {
            folder.Create();
            var probe = Path.Combine(folder.FullName, $".{Path.GetRandomFileName()}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var why = LabOptionsValidator.FileAt(folder.FullName) is { } file ? $"'{file}' is a file" : error.Message;
            throw new CommandException(
                $"{option}: the folder '{folder.FullName}' cannot be written: {why.TrimEnd('.')}. Give another folder.",
                error
            );
        }
    }
}
