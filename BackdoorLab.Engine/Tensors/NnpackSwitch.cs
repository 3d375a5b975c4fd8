namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// Switches libtorch's NNPACK off. It serves mobile processors; on others libtorch tries to start it for some
/// convolutions, prints a warning each time and uses another kernel anyway.
/// </summary>
internal static unsafe class NnpackSwitch
{
    /// <summary>Does nothing where the library lacks the functions.</summary>
    internal static void Off()
    {
        if (
            NativeSymbols.FindAll(
                "libtorch_cpu.so",
                "_ZN2at13globalContextEv",
                "_ZN2at7Context20setUserEnabledNNPACKEb"
            )
            is [var context, var set]
        )
        {
            ((delegate* unmanaged<nint, byte, void>)set)(((delegate* unmanaged<nint>)context)(), 0);
        }
    }
}
