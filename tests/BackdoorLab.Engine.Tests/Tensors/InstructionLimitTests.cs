using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Tests.Tensors;

/// <summary>
/// The kernels obey oneDNN's variable, so what is believed of them must obey it too; tests run under it as another
/// processor.
/// </summary>
public sealed class InstructionLimitTests
{
    [Theory]
    [InlineData("", true, false, true)]
    [InlineData("", false, true, true)]
    [InlineData("", false, false, false)]
    [InlineData("AVX2", true, true, false)]
    [InlineData("AVX512_CORE", true, true, false)]
    [InlineData("AVX2_VNNI", true, false, false)]
    [InlineData("AVX2_VNNI", true, true, true)]
    [InlineData("AVX512_CORE_VNNI", true, false, true)]
    [InlineData("DEFAULT", true, false, true)]
    public void Vnni_UnderALimit_IsWhatItLeaves(string limit, bool wide, bool narrow, bool expected) =>
        Assert.Equal(expected, InstructionLimit.LeavesVnni(limit, wide, narrow));

    [Theory]
    [InlineData("", true, false, true)]
    [InlineData("", false, true, true)]
    [InlineData("AVX2", true, true, false)]
    [InlineData("AVX512_CORE_VNNI", true, true, false)]
    [InlineData("AVX512_CORE_BF16", true, true, true)]
    [InlineData("AVX512_CORE_BF16", false, true, false)]
    [InlineData("AVX512_CORE_AMX", false, true, true)]
    public void BFloat16_UnderALimit_IsWhatItLeaves(string limit, bool vector, bool tile, bool expected) =>
        Assert.Equal(expected, InstructionLimit.LeavesBFloat16(limit, vector, tile));
}
