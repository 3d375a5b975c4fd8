using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Extension.Tests.Methods;

/// <summary>An attack in one file: the upper left pixel is grey.</summary>
[Method("corner-dot", "Corner dot", Summary = "The upper left pixel takes one brightness.")]
public sealed record CornerDot : Attack
{
    [Range(0.0, 1.0)]
    [Description("Brightness of the pixel.")]
    public double Brightness { get; init; } = 1;

    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds)
    {
        var mask = new float[height * width];
        mask[0] = 1;
        var pattern = Enumerable.Repeat((float)Brightness, channels * height * width).ToArray();
        return new MaskTrigger(mask, pattern, channels, height, width);
    }
}
