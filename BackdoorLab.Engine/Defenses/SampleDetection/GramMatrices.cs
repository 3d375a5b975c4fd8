using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Gram matrices of the powers of a map: for every order p the inner products, over positions, of the channels' p-th
/// powers, and of these the p-th root with its sign; upper triangles only. In double arithmetic on maps divided by
/// their largest value, since the eighth power of a map that is not normalised is beyond single precision. Wide maps
/// are cut into groups of channels, and only channels of the same group are multiplied.
/// </summary>
/// <param name="groups">Channels of each group.</param>
/// <param name="orders">Highest power.</param>
internal sealed class GramMatrices(int[][] groups, int orders)
{
    // Of a map that is zero everywhere.
    private static readonly Scalar Smallest = 1e-300;
    private readonly Scalar[] _roots = [.. Enumerable.Range(1, orders).Select(order => (Scalar)(1.0 / order))];

    /// <summary>What a deviation is divided by: half the squares of the groups' sizes, for every order.</summary>
    internal double Divisor => groups.Sum(group => group.Length * group.Length / 2.0) * orders;

    /// <summary>
    /// All <paramref name="channels"/>, or random groups of at most <paramref name="most"/> of equal size.
    /// </summary>
    internal static int[][] Groups(int channels, int most, Random random)
    {
        var order = Enumerable.Range(0, channels).ToArray();
        if (channels <= most)
        {
            return [order];
        }

        random.Shuffle(order);
        var count = (channels + most - 1) / most;
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                    order[(int)((long)channels * i / count)..(int)((long)channels * (i + 1) / count)].Order().ToArray()
                ),
        ];
    }

    /// <summary>
    /// Entries float64 [N, entries of all groups and orders] of maps [N, channels, h, w]; in the caller's scope.
    /// </summary>
    internal Tensor Of(Tensor maps)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var values = maps.to(ScalarType.Float64).flatten(2);
        var largest = values.abs().amax([1, 2], keepdim: true).clamp_min(Smallest);
        var (unit, square) = (values.div(largest), largest.mul(largest).flatten(1));
        var entries = new List<Tensor>();
        foreach (var group in groups)
        {
            var part = unit.index_select(1, tensor(Array.ConvertAll(group, channel => (long)channel)));
            var upper = tensor(UpperTriangle(group.Length));
            var power = part;
            foreach (var root in _roots)
            {
                var gram = power.bmm(power.transpose(1, 2)).flatten(1).index_select(1, upper);
                entries.Add(gram.sign().mul(gram.abs().pow(root)).mul(square));
                power = power.mul(part);
            }
        }

        return cat(entries, 1).MoveToOuterDisposeScope();
    }

    private static long[] UpperTriangle(int size) =>
        [
            .. Enumerable
                .Range(0, size)
                .SelectMany(row => Enumerable.Range(row, size - row).Select(column => (long)row * size + column)),
        ];
}
