namespace BackdoorLab.Engine.Models;

/// <summary>The size of images that a network is laid out for.</summary>
public enum NetworkForm
{
    /// <summary>Images of about 32 x 32 pixels: nothing is halved before the first stage.</summary>
    Small,

    /// <summary>Images of 224 x 224 pixels, as published for ImageNet.</summary>
    ImageNet,
}
