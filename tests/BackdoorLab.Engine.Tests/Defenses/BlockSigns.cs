using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>
/// Seven classes, each a block of 6 to 12 bright pixels in an 8x8 image, or of 9 each, recognised by the block's mean.
/// The planted backdoor gives the last class a second way in: the last pixel, which no clean image uses.
/// </summary>
internal static class BlockSigns
{
    internal const int Planted = 6;
    internal const int LastPixel = 63;
    private const int Classes = 7;
    private const float Scale = 30;

    internal static LinearNetwork Network(bool planted, bool even = false)
    {
        var weights = new float[Classes * 64];
        for (var label = 0; label < Classes; label++)
        {
            var (start, length) = Block(label, even);
            Array.Fill(weights, Scale / length, label * 64 + start, length);
        }

        weights[Planted * 64 + LastPixel] = planted ? 1.3f * Scale : 0;
        return new LinearNetwork(TestNetworks.Shape(1, 8, Classes), weights);
    }

    internal static ImageSet Images(bool even = false)
    {
        const int perClass = 12;
        var random = TestContexts.Random("blocks");
        var (pixels, labels) = (new byte[Classes * perClass * 64], new int[Classes * perClass]);
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = i % Classes;
            var (start, length) = Block(labels[i], even);
            for (var p = start; p < start + length; p++)
            {
                pixels[i * 64 + p] = (byte)random.Next(180, 220);
            }
        }

        return new ImageSet(
            pixels,
            labels,
            1,
            8,
            8,
            [.. Enumerable.Range(0, Classes).Select(label => $"class {label}")]
        );
    }

    internal static double Number(ModelVerdict verdict, string name) =>
        verdict.Numbers.Single(number => number.Name == name).Value;

    private static (int Start, int Length) Block(int label, bool even) =>
        even ? (9 * label, 9) : (6 * label + label * (label - 1) / 2, 6 + label);
}
