using System.Runtime.Intrinsics.X86;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Quantization;

/// <summary>Libraries of integer kernels inside libtorch; values are libtorch's own numbers.</summary>
public enum QuantizedLibrary : sbyte
{
    /// <summary>FBGEMM: PyTorch's classic server engine on x86.</summary>
    Fbgemm = 1,

    /// <summary>oneDNN.</summary>
    OneDnn = 3,

    /// <summary>oneDNN for convolutions, FBGEMM where it is faster.</summary>
    X86 = 4,
}

/// <summary>
/// Chooses the integer kernels that weights are packed for. TorchSharp has no such switch; libtorch's symbols are
/// called.
/// </summary>
internal static unsafe class QuantizedEngine
{
    private const string Library = "libtorch_cpu.so";

    private static readonly Lazy<nint[]?> Functions = new(() =>
        NativeSymbols.FindAll(
            Library,
            "_ZN2at13globalContextEv",
            "_ZN2at7Context10setQEngineEN3c107QEngineE",
            "_ZNK2at7Context7qEngineEv"
        )
    );

    /// <summary>
    /// Runs <paramref name="pack"/> with the engine chosen and puts the former engine back. Packed weights remember
    /// their engine.
    /// </summary>
    /// <exception cref="NotApplicableException">This machine or this build of libtorch has no such engine.</exception>
    public static T With<T>(QuantizedLibrary library, Func<T> pack)
    {
        // Asked before the call: an unsupported engine raises a native exception that would end the process.
        if (!Avx2.IsSupported)
        {
            throw new NotApplicableException($"The {library} integer kernels need an x86-64 processor with AVX2.");
        }

        var functions =
            Functions.Value
            ?? throw new NotApplicableException(
                "This build of libtorch does not export the switch for its integer kernels."
            );
        var context = ((delegate* unmanaged<nint>)functions[0])();
        var former = ((delegate* unmanaged<nint, sbyte>)functions[2])(context);
        ((delegate* unmanaged<nint, sbyte, void>)functions[1])(context, (sbyte)library);
        try
        {
            return pack();
        }
        finally
        {
            ((delegate* unmanaged<nint, sbyte, void>)functions[1])(context, former);
        }
    }
}
