using System.Runtime.InteropServices;

namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// glibc keeps freed tensors' memory: without help the resident size climbs 1 to 3 MB a step although nothing leaks.
/// Trimming now and then holds it flat; a high mmap threshold spares page faults on activations of every step. No-ops
/// where glibc is absent.
/// </summary>
public static partial class NativeMemory
{
    private const int TrimThreshold = -1;
    private const int MostMappings = -4;
    private const int TrimEvery = 50;

    /// <summary>
    /// Serves all blocks from the heap and keeps what is freed until <see cref="Trim"/>: a mapping of its own for every
    /// large activation, or a heap that shrinks after each, costs a page fault for every 4 kB of every layer. Called
    /// once by <see cref="TorchRuntime"/>.
    /// </summary>
    internal static void KeepLargeBlocks()
    {
        if (OperatingSystem.IsLinux())
        {
            Quietly(() => SetAllocatorOption(MostMappings, 0));
            Quietly(() => SetAllocatorOption(TrimThreshold, int.MaxValue));
        }
    }

    /// <summary>Returns free memory to the system on every fiftieth step; call once per batch.</summary>
    public static void Step(long step)
    {
        if (step % TrimEvery == TrimEvery - 1)
        {
            Trim();
        }
    }

    /// <summary>Returns free memory to the system.</summary>
    public static void Trim()
    {
        if (OperatingSystem.IsLinux())
        {
            Quietly(() => TrimHeap(0));
        }
    }

    // musl has neither function; the engine works without them.
    private static void Quietly(Func<int> call)
    {
        try
        {
            call();
        }
        catch (EntryPointNotFoundException) { }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocatorOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);
}
