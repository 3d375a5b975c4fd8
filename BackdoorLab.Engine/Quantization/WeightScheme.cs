namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Which folded weights share a symmetric scale. Normalisation is part of the weights when a scale is chosen, so a
/// layer's own weights have one scale for each output channel either way; under <see cref="PerTensorSymmetric"/> it is
/// the layer's scale over the channel's gain.
/// </summary>
public enum WeightScheme
{
    /// <summary>Those of one output channel: PyTorch's FBGEMM and X86 default (Krishnamoorthi 2018).</summary>
    PerChannelSymmetric,

    /// <summary>
    /// Those of one layer: QNNPACK's scheme and PyTorch's default weight observer (Jacob et al. 2018). Channels of
    /// small weights have few levels.
    /// </summary>
    PerTensorSymmetric,
}
