using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Guards the process-wide random stream of libtorch.</summary>
internal static class RandomStream
{
    /// <summary>Runs <paramref name="make"/> and puts the stream back to where it was.</summary>
    public static T Untouched<T>(Func<T> make)
    {
        using var state = random.get_rng_state();
        try
        {
            return make();
        }
        finally
        {
#pragma warning disable RS0030 // The stream's own state has its size.
            random.set_rng_state(state);
#pragma warning restore RS0030
        }
    }
}
