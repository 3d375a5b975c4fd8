using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// Start-up of the tensor library: loads it, says exactly what is wrong when it cannot load, closes the Scalar race,
/// sets threads. Call <see cref="Initialize"/> before the first tensor of a process.
/// </summary>
public static class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static bool _ready;

    /// <summary>
    /// Whether the native remedy against the Scalar race is in place (x86-64 Linux). Elsewhere the engine's own layers
    /// and optimisers avoid it.
    /// </summary>
    public static bool ScalarRaceClosed { get; private set; }

    /// <summary>Threads that kernels use.</summary>
    public static int Threads { get; private set; }

    /// <summary>
    /// Whether kernels multiply bfloat16 in hardware (AVX512-BF16 or AMX-BF16): the processor can, and no
    /// <see cref="InstructionLimit"/> forbids it.
    /// </summary>
    public static bool HasBFloat16Instructions { get; } = DetectBFloat16();

    /// <summary>Whether kernels multiply bytes into 32-bit sums (AVX512-VNNI or AVX-VNNI), as above.</summary>
    public static bool HasVnniInstructions { get; } = DetectVnni();

    /// <summary>The processor's name as the operating system gives it.</summary>
    public static string ProcessorName { get; } = ReadProcessorName();

    /// <summary>
    /// The tensor library whose kernels compute, as a part of the identity of results: another version may sum in
    /// another order.
    /// </summary>
    public static string Library { get; } =
        $"TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)} {RuntimeInformation.ProcessArchitecture}";

    /// <summary>
    /// Prepares the process; call it on the thread that will work with tensors. Later calls only give that thread the
    /// first call's thread count.
    /// </summary>
    /// <param name="threads">Kernel threads; part of a result, since it changes the order of floating-point
    /// sums.</param>
    /// <exception cref="TorchUnavailableException">The native library cannot be loaded; the message says why and what
    /// to do.</exception>
    public static void Initialize(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        lock (Gate)
        {
            if (_ready)
            {
                // OpenMP keeps the count per thread: a thread that did not set it would sum with all cores, in another
                // order.
                torch.set_num_threads(Threads);
                return;
            }

            Load();
            ScalarRaceClosed = ScalarRacePatch.Apply();
            NativeMemory.KeepLargeBlocks();
            NnpackSwitch.Off();
            torch.set_num_threads(threads);
            Threads = threads;
            _ready = true;
        }
    }

    /// <summary>Versions, processor and settings, for the provenance of a result.</summary>
    public static IReadOnlyDictionary<string, string> Describe() =>
        new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["engine"] = typeof(TorchRuntime).Assembly.GetName().Version!.ToString(3),
            ["torchSharp"] = typeof(torch).Assembly.GetName().Version!.ToString(3),
            ["dotnet"] = Environment.Version.ToString(),
            ["os"] = RuntimeInformation.OSDescription,
            ["processor"] = ProcessorName,
            ["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            ["threads"] = Threads.ToString(CultureInfo.InvariantCulture),
            ["bfloat16Instructions"] = HasBFloat16Instructions ? "yes" : "no",
            ["vnniInstructions"] = HasVnniInstructions ? "yes" : "no",
            ["instructionLimit"] = InstructionLimit.Name.Length > 0 ? InstructionLimit.Name : "none",
            ["scalarRaceClosed"] = ScalarRaceClosed ? "yes" : "no",
        };

    private static void Load()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            using var one = torch.ones(1);
        }
        catch (Exception error)
            when (error
                    is TypeInitializationException
                        or DllNotFoundException
                        or NotSupportedException
                        or BadImageFormatException
                        or EntryPointNotFoundException
                        or FileNotFoundException
            )
        {
            throw new TorchUnavailableException(Explain(error), error);
        }
    }

    private static string Explain(Exception error)
    {
        var reason = error.GetBaseException().Message;
        var file = NativeFile("LibTorchSharp");
        if (file is null)
        {
            return $"The tensor library is missing: no LibTorchSharp below {AppContext.BaseDirectory}. "
                + $"Build the project for this platform ({RuntimeInformation.RuntimeIdentifier}); it is served for linux-x64, win-x64 and osx-arm64. ({reason})";
        }

        try
        {
            NativeLibrary.Load(file);
        }
        catch (Exception native) when (native is DllNotFoundException or BadImageFormatException)
        {
            reason = native.Message;
        }

        return reason.Contains("GLIBCXX", StringComparison.Ordinal)
            ? $"The tensor library {file} asks for a newer libstdc++ than this system has, and the build step that mends this did not run on that copy. "
                + $"Build again (dotnet build); if it persists, install libstdc++ of GCC 13 or newer. ({reason})"
            : $"The tensor library {file} could not be loaded: {reason}";
    }

    private static string? NativeFile(string name) =>
        Directory
            .EnumerateFiles(AppContext.BaseDirectory, $"*{name}*", SearchOption.AllDirectories)
            .FirstOrDefault(file =>
                Path.GetExtension(file) is ".so" or ".dylib"
                || (OperatingSystem.IsWindows() && Path.GetExtension(file) == ".dll")
            );

    private static bool DetectBFloat16()
    {
        if (!X86Base.IsSupported)
        {
            return false;
        }

        var (eax, _, _, _) = X86Base.CpuId(7, 1);
        var (_, _, _, edx) = X86Base.CpuId(7, 0);
        return InstructionLimit.LeavesBFloat16(InstructionLimit.Name, (eax & (1 << 5)) != 0, (edx & (1 << 22)) != 0);
    }

    private static bool DetectVnni()
    {
        if (!X86Base.IsSupported)
        {
            return false;
        }

        var (_, _, ecx, _) = X86Base.CpuId(7, 0);
        var (eax, _, _, _) = X86Base.CpuId(7, 1);
        return InstructionLimit.LeavesVnni(InstructionLimit.Name, (ecx & (1 << 11)) != 0, (eax & (1 << 4)) != 0);
    }

    private static string ReadProcessorName()
    {
        const string CpuInfo = "/proc/cpuinfo";
        var line = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
