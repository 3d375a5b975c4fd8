namespace BackdoorLab.Engine.Datasets;

/// <summary>The letters on the signs of <see cref="SignCatalog"/>.</summary>
internal static class SignLetters
{
    /// <summary>Polylines (x, y, x, y, ...) in a box of side 1.</summary>
    internal static readonly IReadOnlyDictionary<char, float[][]> Strokes = new Dictionary<char, float[][]>
    {
        ['0'] =
        [
            [0, .2f, .2f, 0, .8f, 0, 1, .2f, 1, .8f, .8f, 1, .2f, 1, 0, .8f, 0, .2f],
        ],
        ['1'] =
        [
            [.15f, .25f, .6f, 0, .6f, 1],
        ],
        ['2'] =
        [
            [0, .2f, .2f, 0, .8f, 0, 1, .2f, 1, .4f, 0, 1, 1, 1],
        ],
        ['3'] =
        [
            [0, .1f, .2f, 0, .8f, 0, 1, .2f, 1, .35f, .75f, .48f, .4f, .48f],
            [.75f, .48f, 1, .65f, 1, .8f, .8f, 1, .2f, 1, 0, .9f],
        ],
        ['5'] =
        [
            [1, 0, .1f, 0, 0, .45f, .7f, .4f, 1, .6f, 1, .8f, .8f, 1, .2f, 1, 0, .88f],
        ],
        ['6'] =
        [
            [.9f, 0, .4f, .05f, .05f, .4f, 0, .8f, .2f, 1, .8f, 1, 1, .8f, 1, .6f, .8f, .45f, .2f, .45f, 0, .62f],
        ],
        ['7'] =
        [
            [0, 0, 1, 0, .35f, 1],
        ],
        ['8'] =
        [
            [.2f, 0, .8f, 0, .95f, .15f, .95f, .35f, .8f, .48f, .2f, .48f, .05f, .35f, .05f, .15f, .2f, 0],
            [.2f, .48f, 0, .65f, 0, .85f, .2f, 1, .8f, 1, 1, .85f, 1, .65f, .8f, .48f],
        ],
        ['S'] =
        [
            [1, .1f, .8f, 0, .2f, 0, 0, .2f, .1f, .42f, .9f, .58f, 1, .8f, .8f, 1, .2f, 1, 0, .9f],
        ],
        ['T'] =
        [
            [0, 0, 1, 0],
            [.5f, 0, .5f, 1],
        ],
        ['O'] =
        [
            [0, .2f, .2f, 0, .8f, 0, 1, .2f, 1, .8f, .8f, 1, .2f, 1, 0, .8f, 0, .2f],
        ],
        ['P'] =
        [
            [0, 1, 0, 0, .7f, 0, 1, .2f, 1, .35f, .7f, .55f, 0, .55f],
        ],
        ['H'] =
        [
            [0, 0, 0, 1],
            [1, 0, 1, 1],
            [0, .5f, 1, .5f],
        ],
    };
}
