using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests;

/// <summary>How many tensors there are before something is looked at that shall leave none behind.</summary>
internal static class LiveTensors
{
    /// <summary>
    /// Counts without those that earlier tests have left to the collector, which takes them at any moment.
    /// </summary>
    internal static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
