using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>Stamps images of a training batch after their augmentation, each as its change says.</summary>
public sealed class LateStamps
{
    private const int Untouched = -1;

    private readonly IReadOnlyList<SampleChange> _changes;
    private readonly int[] _changeOf;

    /// <summary>Made once for a training.</summary>
    /// <param name="images">Images of the whole set.</param>
    /// <param name="changes">What is done to which of them.</param>
    public LateStamps(int images, IReadOnlyList<SampleChange> changes)
    {
        _changes = changes;
        _changeOf = new int[images];
        Array.Fill(_changeOf, Untouched);
        for (var change = 0; change < changes.Count; change++)
        {
            foreach (var index in changes[change].Indices)
            {
                _changeOf[index] = change;
            }
        }
    }

    /// <summary>Stamps a batch in place and returns it.</summary>
    /// <param name="images">float [n,C,H,W] in [0,1], of the images at <paramref name="indices"/>.</param>
    /// <param name="indices">Their numbers in the whole set.</param>
    public Tensor Stamp(Tensor images, ReadOnlySpan<int> indices)
    {
        var rows = new SortedDictionary<int, List<int>>();
        for (var i = 0; i < indices.Length; i++)
        {
            if (_changeOf[indices[i]] is not Untouched and var change)
            {
                (rows.TryGetValue(change, out var known) ? known : rows[change] = []).Add(i);
            }
        }

        using var noGrad = no_grad();
        foreach (var (change, of) in rows)
        {
            var which = tensor([.. of.Select(row => (long)row)]);
            int[] numbers = new int[of.Count];
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = indices[of[i]];
            }

            images.index_copy_(0, which, _changes[change].Trigger.Apply(images.index_select(0, which), numbers));
        }

        return images;
    }
}
