// Compiled twice: by MSBuild as an inline task (eng/NativePatch.targets) against netstandard2.0, and into the engine's
// tests, which leave the task itself out by defining WITHOUT_MSBUILD.
#nullable disable

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace BackdoorLab.Build;

/// <summary>
/// Reads the list of symbol versions an ELF64 library asks of other libraries, and can make one of them optional.
/// </summary>
public static class ElfVersionNeeds
{
    private const uint SectionOfVersionNeeds = 0x6ffffffe;
    private const int WeakFlag = 2;

    /// <summary>
    /// Marks every need of <paramref name="version"/> as weak, so that the loader accepts a host that lacks it.
    /// Only right where no symbol of that version is really called.
    /// </summary>
    /// <returns>True when a byte changed; false when the version is not asked for or is weak already.</returns>
    public static bool Weaken(byte[] elf, string version)
    {
        var changed = false;
        foreach (var flags in FlagOffsets(elf, version))
        {
            if ((elf[flags] & WeakFlag) == 0)
            {
                elf[flags] |= WeakFlag;
                changed = true;
            }
        }

        return changed;
    }

    /// <summary>
    /// True when the file holds <paramref name="version"/> as a whole name, as a library that defines it does.
    /// </summary>
    public static bool Mentions(byte[] file, string version)
    {
        var name = Encoding.ASCII.GetBytes("\0" + version + "\0");
        for (var i = 0; i + name.Length <= file.Length; i++)
        {
            var same = 0;
            while (same < name.Length && file[i + same] == name[same])
            {
                same++;
            }

            if (same == name.Length)
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<int> FlagOffsets(byte[] elf, string version)
    {
        if (
            elf.Length < 64
            || elf[0] != 0x7f
            || elf[1] != 'E'
            || elf[2] != 'L'
            || elf[3] != 'F'
            || elf[4] != 2
            || elf[5] != 1
        )
        {
            throw new InvalidDataException("Not a little-endian ELF64 file.");
        }

        var table = At(elf, BitConverter.ToUInt64(elf, 0x28), 0);
        var entrySize = BitConverter.ToUInt16(elf, 0x3a);
        var count = BitConverter.ToUInt16(elf, 0x3c);
        for (var i = 0; i < count; i++)
        {
            var section = At(elf, (ulong)table + (ulong)(i * entrySize), 64);
            if (BitConverter.ToUInt32(elf, section + 4) == SectionOfVersionNeeds)
            {
                var names = At(elf, (ulong)table + ((ulong)BitConverter.ToUInt32(elf, section + 40) * entrySize), 64);
                var strings = BitConverter.ToUInt64(elf, names + 24);
                foreach (var flags in FlagOffsets(elf, version, BitConverter.ToUInt64(elf, section + 24), strings))
                {
                    yield return flags;
                }
            }
        }
    }

    private static IEnumerable<int> FlagOffsets(byte[] elf, string version, ulong needs, ulong strings)
    {
        uint nextFile;
        do
        {
            var file = At(elf, needs, 16);
            var entry = (ulong)file + BitConverter.ToUInt32(elf, file + 8);
            for (var left = BitConverter.ToUInt16(elf, file + 2); left > 0; left--)
            {
                var aux = At(elf, entry, 16);
                if (Name(elf, strings + BitConverter.ToUInt32(elf, aux + 8)) == version)
                {
                    yield return aux + 4;
                }

                entry += BitConverter.ToUInt32(elf, aux + 12);
            }

            nextFile = BitConverter.ToUInt32(elf, file + 12);
            needs += nextFile;
        } while (nextFile != 0);
    }

    private static string Name(byte[] elf, ulong offset)
    {
        var start = At(elf, offset, 1);
        var end = Array.IndexOf(elf, (byte)0, start);
        if (end < 0)
        {
            throw new InvalidDataException("The string table of the ELF file does not end.");
        }

        return Encoding.ASCII.GetString(elf, start, end - start);
    }

    private static int At(byte[] elf, ulong offset, int size)
    {
        if (offset + (ulong)size > (ulong)elf.Length)
        {
            throw new InvalidDataException(
                "The ELF file points at offset " + offset + ", beyond its end at " + elf.Length + "."
            );
        }

        return (int)offset;
    }
}

/// <summary>The libraries on this host that a loader would take for a given name.</summary>
public static class HostLibrary
{
    private static readonly string[] UsualFolders =
    {
        "/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu",
        "/lib64",
        "/usr/lib64",
        "/usr/lib",
        "/usr/local/lib64",
        "/usr/local/lib",
    };

    /// <summary>
    /// The first file of that name on the loader's path: LD_LIBRARY_PATH, then the usual folders; null when there is
    /// none.
    /// </summary>
    public static string Find(string name)
    {
        var own = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "";
        foreach (var folder in own.Split(new[] { ':' }, StringSplitOptions.RemoveEmptyEntries))
        {
            if (File.Exists(Path.Combine(folder, name)))
            {
                return Path.Combine(folder, name);
            }
        }

        foreach (var folder in UsualFolders)
        {
            if (File.Exists(Path.Combine(folder, name)))
            {
                return Path.Combine(folder, name);
            }
        }

        return null;
    }
}

#if !WITHOUT_MSBUILD
/// <summary>
/// Copies a library, with one version need made weak where the host cannot serve it. The copy appears whole under its
/// name (written aside, then renamed), as builds of several projects or a running program may look at it.
/// </summary>
public sealed class WeakenVersionNeed : Microsoft.Build.Utilities.Task
{
    /// <summary>The library as the package has it; never written.</summary>
    [Microsoft.Build.Framework.Required]
    public string Source { get; set; }

    /// <summary>The copy.</summary>
    [Microsoft.Build.Framework.Required]
    public string Destination { get; set; }

    /// <summary>The library of the host that should define the version.</summary>
    [Microsoft.Build.Framework.Required]
    public string Provider { get; set; }

    /// <summary>The version, for example GLIBCXX_3.4.32.</summary>
    [Microsoft.Build.Framework.Required]
    public string Version { get; set; }

    /// <inheritdoc />
    public override bool Execute()
    {
        try
        {
            var provider = HostLibrary.Find(Provider);
            var served = provider != null && ElfVersionNeeds.Mentions(File.ReadAllBytes(provider), Version);
            var elf = File.ReadAllBytes(Source);
            if (!served && ElfVersionNeeds.Weaken(elf, Version))
            {
                Log.LogMessage(
                    Microsoft.Build.Framework.MessageImportance.High,
                    "{0} asks for {1}, which {2} lacks; the need is made optional in the copies of this build.",
                    Path.GetFileName(Source),
                    Version,
                    provider ?? "this host"
                );
            }

            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(Destination)));
            var temporary = Destination + "." + Guid.NewGuid().ToString("N");
            File.WriteAllBytes(temporary, elf);
            File.Delete(Destination);
            File.Move(temporary, Destination);
        }
        catch (Exception fault)
            when (fault is IOException || fault is UnauthorizedAccessException || fault is InvalidDataException)
        {
            Log.LogError("{0} could not be made loadable on a host without {1}: {2}", Source, Version, fault.Message);
        }

        return !Log.HasLoggedErrors;
    }
}
#endif
