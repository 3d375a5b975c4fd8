using System.Runtime.InteropServices;

namespace BackdoorLab.Web.Jobs;

/// <summary>What this process may ask the system for from now on (Linux). None of it can be taken back.</summary>
internal static class ProcessLimits
{
    private const int DataLimit = 2;
    private const int NoNewPrivileges = 38;
    private const int SeccompCall = 317;
    private const uint SetFilter = 1;
    private const uint OfAllThreads = 1;

    /// <summary>Limits all memory that can be written to; elsewhere nothing happens.</summary>
    public static void Memory(ulong bytes)
    {
        var limit = new Limit { Soft = bytes, Hard = bytes };
        if (OperatingSystem.IsLinux() && SetLimit(DataLimit, in limit) != 0)
        {
            throw Refused("a limit of memory");
        }
    }

    /// <summary>Whether <see cref="ReadOnly"/> can be had here.</summary>
    public static bool HasReadOnly =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>
    /// From now on no thread of this process can open a file for writing, make a connection or start a program; what is
    /// open stays open. It can still read: the runtime does so whenever it likes, and closing that too ends it sooner
    /// or later. This holds what a tensor library may ask the system for, not machine code that has all calls to choose
    /// from.
    /// </summary>
    /// <exception cref="InvalidOperationException">The system refuses it.</exception>
    public static void ReadOnly()
    {
        var filter = Filter();
        var held = GCHandle.Alloc(filter, GCHandleType.Pinned);
        try
        {
            var program = new Program { Length = (ushort)filter.Length, First = held.AddrOfPinnedObject() };
            if (
                ProcessControl(NoNewPrivileges, 1, 0, 0, 0) != 0
                || SystemCall(SeccompCall, SetFilter, OfAllThreads, in program) != 0
            )
            {
                throw Refused("to be kept from writing files");
            }
        }
        finally
        {
            held.Free();
        }
    }

    // A program of the kernel's packet filter over the number and arguments of a system call (seccomp(2)).
    private static Instruction[] Filter()
    {
        const ushort load = 0x20,
            equal = 0x15,
            anyBit = 0x45,
            give = 0x06;
        const uint number = 0,
            architecture = 4,
            secondArgument = 24,
            thirdArgument = 32,
            x64 = 0xC000003E;
        const uint allow = 0x7FFF0000,
            refuse = 0x00050000 | 13,
            kill = 0x80000000;
        const uint writing = 0x1 | 0x2 | 0x40 | 0x200;

        // creat, openat2 (flags behind a pointer), socket, execve, execveat, io_uring_setup.
        uint[] never = [85, 437, 41, 59, 322, 425];
        return
        [
            new(load, 0, 0, architecture),
            new(equal, 1, 0, x64),
            new(give, 0, 0, kill),
            new(load, 0, 0, number),
            .. ByFlags(2, secondArgument),
            .. ByFlags(257, thirdArgument),
            .. never.SelectMany(call => (Instruction[])[new(equal, 0, 1, call), new(give, 0, 0, refuse)]),
            new(give, 0, 0, allow),
        ];

        // open and openat.
        Instruction[] ByFlags(uint call, uint flags) =>
            [
                new(equal, 0, 4, call),
                new(load, 0, 0, flags),
                new(anyBit, 0, 1, writing),
                new(give, 0, 0, refuse),
                new(give, 0, 0, allow),
            ];
    }

    private static InvalidOperationException Refused(string what) =>
        new($"The system refuses this process {what} (error {Marshal.GetLastPInvokeError()}).");

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static extern int SetLimit(int resource, in Limit limit);

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static extern int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern nint SystemCall(nint number, nuint operation, nuint flags, in Program program);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);

    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public nint First;
    }
}
