using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Tests;

/// <summary>Starts the tensor library once; tests that share it run one after another.</summary>
public sealed class TorchFixture
{
    public TorchFixture() => TorchRuntime.Initialize(threads: 1);
}

[CollectionDefinition("torch", DisableParallelization = true)]
public sealed class TorchCollection : ICollectionFixture<TorchFixture>;
