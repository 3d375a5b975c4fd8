namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// bfloat16 autocast on the CPU, which TorchSharp does not offer: libtorch's exported functions are called directly.
/// Convolutions and linear layers run in bfloat16 with float32 master weights; reductions and losses stay float32.
/// Where the symbols are absent <see cref="IsAvailable"/> is false and training runs in float32, with a visible note.
/// </summary>
public static unsafe class Autocast
{
    private const sbyte Cpu = 0;
    private const sbyte BFloat16Type = 15;
    private const string Library = "libtorch_cpu.so";

    private static readonly Lazy<nint[]?> Functions = new(() =>
        NativeSymbols.FindAll(
            Library,
            "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb",
            "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE",
            "_ZN2at8autocast11clear_cacheEv"
        )
    );

    /// <summary>Whether the functions exist in the loaded library.</summary>
    public static bool IsAvailable => Functions.Value is not null;

    /// <summary>Runs the forward pass inside the returned scope in bfloat16. Thread-local; do not nest.</summary>
    /// <exception cref="NotSupportedException">The library lacks the functions.</exception>
    public static Scope BFloat16()
    {
        var functions =
            Functions.Value ?? throw new NotSupportedException("This build of libtorch has no CPU autocast.");
        ((delegate* unmanaged<sbyte, sbyte, void>)functions[1])(Cpu, BFloat16Type);
        ((delegate* unmanaged<sbyte, byte, void>)functions[0])(Cpu, 1);
        return new Scope(true);
    }

    /// <summary><see cref="BFloat16"/> when <paramref name="on"/>, else a scope that does nothing.</summary>
    public static Scope BFloat16If(bool on) => on ? BFloat16() : default;

    /// <summary>
    /// Ends autocast and drops the cached bfloat16 copies of the weights, which the next step invalidates.
    /// </summary>
    public readonly ref struct Scope
    {
        private readonly bool _on;

        internal Scope(bool on) => _on = on;

        /// <summary>Ends the scope.</summary>
        public void Dispose()
        {
            if (_on)
            {
                ((delegate* unmanaged<sbyte, byte, void>)Functions.Value![0])(Cpu, 0);
                ((delegate* unmanaged<void>)Functions.Value![2])();
            }
        }
    }
}
