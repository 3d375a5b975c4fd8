namespace BackdoorLab.Engine.Tensors;

/// <summary>
/// What oneDNN's variable <c>ONEDNN_MAX_CPU_ISA</c> leaves of a processor's instructions. The kernels obey it, so what
/// the processor could do does not say what they do: without VNNI they add products in 16 bits, and bfloat16 is
/// emulated.
/// </summary>
internal static class InstructionLimit
{
    /// <summary>The limit of this process, such as <c>AVX2</c>; empty where there is none.</summary>
    internal static string Name { get; } =
        (
            Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA")
            ?? Environment.GetEnvironmentVariable("DNNL_MAX_CPU_ISA")
            ?? ""
        ).ToUpperInvariant();

    /// <summary>Whether kernels multiply bytes into 32-bit sums.</summary>
    /// <param name="limit">Name of the limit, upper case.</param>
    /// <param name="wide">The processor has AVX512-VNNI.</param>
    /// <param name="narrow">The processor has AVX-VNNI.</param>
    internal static bool LeavesVnni(string limit, bool wide, bool narrow) =>
        limit switch
        {
            "SSE41" or "AVX" or "AVX2" or "AVX512_CORE" => false,
            "AVX2_VNNI" or "AVX2_VNNI_2" => narrow,
            _ => wide || narrow,
        };

    /// <summary>Whether kernels multiply bfloat16 in hardware.</summary>
    /// <param name="limit">Name of the limit, upper case.</param>
    /// <param name="vector">The processor has AVX512-BF16.</param>
    /// <param name="tile">The processor has AMX-BF16.</param>
    internal static bool LeavesBFloat16(string limit, bool vector, bool tile) =>
        limit switch
        {
            "SSE41" or "AVX" or "AVX2" or "AVX2_VNNI" or "AVX2_VNNI_2" or "AVX512_CORE" or "AVX512_CORE_VNNI" => false,
            "AVX512_CORE_BF16" or "AVX512_CORE_FP16" or "AVX10_1_512" => vector,
            _ => vector || tile,
        };
}
