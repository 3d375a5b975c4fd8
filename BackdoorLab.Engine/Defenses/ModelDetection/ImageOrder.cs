namespace BackdoorLab.Engine.Defenses;

/// <summary>Endless batches of indices, each pass over the images in a new order.</summary>
internal sealed class ImageOrder(int count, Random random)
{
    private readonly int[] _indices = [.. Enumerable.Range(0, count)];
    private int _next = count;

    internal int[] Next(int size)
    {
        var batch = new int[size];
        for (var i = 0; i < size; i++)
        {
            if (_next == _indices.Length)
            {
                random.Shuffle(_indices);
                _next = 0;
            }

            batch[i] = _indices[_next++];
        }

        return batch;
    }
}
