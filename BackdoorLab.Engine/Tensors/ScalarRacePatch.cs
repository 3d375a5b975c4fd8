using System.Runtime.InteropServices;

namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// TorchSharp 0.107 passes <c>Scalar</c> handles to native code without keeping the managed object alive: a garbage
/// collection at that moment frees the native scalar under the call, and about one long run in seven died of it.
/// Scalars are a few dozen bytes, so the remedy is never to free them: the exported <c>THSTorch_dispose_scalar</c>
/// becomes a single return instruction. Costs about 48 bytes per temporary scalar, a few kB per training step.
/// </summary>
internal static unsafe partial class ScalarRacePatch
{
    private const int ReadExecute = 1 | 4;
    private const int ReadWriteExecute = 1 | 2 | 4;
    private const byte Return = 0xC3;

    /// <summary>Applies the remedy on x86-64 Linux; idempotent. Returns whether it is in place.</summary>
    internal static bool Apply()
    {
        if (
            !OperatingSystem.IsLinux()
            || RuntimeInformation.ProcessArchitecture != Architecture.X64
            || NativeSymbols.Find("libLibTorchSharp.so", "THSTorch_dispose_scalar") is not { } address
        )
        {
            return false;
        }

        var code = (byte*)address;
        if (*code == Return)
        {
            return true;
        }

        var page = address & ~(nint)(Environment.SystemPageSize - 1);
        var length = (nuint)Environment.SystemPageSize;
        if (MemoryProtect(page, length, ReadWriteExecute) != 0)
        {
            return false;
        }

        *code = Return;
        return MemoryProtect(page, length, ReadExecute) == 0;
    }

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MemoryProtect(nint address, nuint length, int protection);
}
