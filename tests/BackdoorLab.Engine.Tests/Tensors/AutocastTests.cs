using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Tensors;

[Collection("torch")]
public sealed class AutocastTests
{
    [SkippableFact]
    public void Linear_InsideTheScope_ComputesInBFloat16AndOutsideInFloat32()
    {
        Skip.IfNot(Autocast.IsAvailable, "This build of libtorch exports no CPU autocast.");
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(4, 3);
        var input = ones(2, 4);
        using (Autocast.BFloat16())
        {
            Assert.Equal(ScalarType.BFloat16, layer.call(input).dtype);
        }

        Assert.Equal(ScalarType.Float32, layer.call(input).dtype);
    }

    [Fact]
    public void ChannelsLast_Copy_HasTheSameValuesAndUnitChannelStride()
    {
        using var scope = NewDisposeScope();
        var plain = arange(24, dtype: ScalarType.Float32).reshape(1, 2, 3, 4);
        var moved = ChannelsLast.Of(plain);
        Assert.Equal([24L, 1L, 8L, 2L], moved.stride());
        Assert.True(moved.eq(plain).all().item<bool>());
    }
}
