using System.Security.Cryptography;
using System.Text;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// Derives independent random streams by name, so that adding a consumer never shifts another's numbers and a resumed
/// run draws what an uninterrupted one would: <c>seeds.Child("train").Child(epoch).Random()</c>.
/// </summary>
public sealed class SeedTree
{
    private readonly byte[] _state;

    /// <summary>The root for one experiment.</summary>
    public SeedTree(long seed) => _state = SHA256.HashData(BitConverter.GetBytes(seed));

    private SeedTree(byte[] state) => _state = state;

    /// <summary>The stream named <paramref name="name"/> below this one.</summary>
    public SeedTree Child(string name) => new(SHA256.HashData([.. _state, .. Encoding.UTF8.GetBytes(name)]));

    /// <summary>The stream numbered <paramref name="index"/> below this one.</summary>
    public SeedTree Child(int index) => Child("#" + index.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A 63-bit non-negative seed for libtorch generators.</summary>
    public long Seed => BitConverter.ToInt64(_state) & long.MaxValue;

    /// <summary>
    /// A managed generator. The algorithm behind a seeded <see cref="System.Random"/> is fixed by .NET's compatibility
    /// promise.
    /// </summary>
    public Random Random()
    {
#pragma warning disable RS0030 // the one place where a generator is made
        return new Random(BitConverter.ToInt32(_state, 8));
#pragma warning restore RS0030
    }
}
