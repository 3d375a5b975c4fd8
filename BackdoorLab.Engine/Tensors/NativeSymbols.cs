using System.Runtime.InteropServices;

namespace BackdoorLab.Engine.Tensors;

/// <summary>Exported symbols of native libraries that the process has already loaded (Linux).</summary>
internal static class NativeSymbols
{
    /// <summary>Address of an exported symbol, or null when the library is not loaded or lacks it.</summary>
    internal static nint? Find(string library, string symbol)
    {
        if (
            !OperatingSystem.IsLinux()
            || LoadedPath(library) is not { } path
            || !NativeLibrary.TryLoad(path, out var handle)
        )
        {
            return null;
        }

        return NativeLibrary.TryGetExport(handle, symbol, out var address) ? address : null;
    }

    /// <summary>
    /// Addresses of several symbols in the same order, or null when any is absent: functions that only make sense
    /// together.
    /// </summary>
    internal static nint[]? FindAll(string library, params ReadOnlySpan<string> symbols)
    {
        var found = new nint[symbols.Length];
        for (var i = 0; i < symbols.Length; i++)
        {
            if (Find(library, symbols[i]) is not { } address)
            {
                return null;
            }

            found[i] = address;
        }

        return found;
    }

    // The path that the loader used: loading by the same path returns the same library, never a second copy.
    private static string? LoadedPath(string library) =>
        File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.IndexOf('/', StringComparison.Ordinal) + 1)..])
            .Where(path => Path.GetFileName(path) == library)
            .Select(path => "/" + path)
            .FirstOrDefault();
}
