using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>Leaves every image as it is: where no trigger is known, or none is made yet.</summary>
internal sealed class NoTrigger : Trigger
{
    /// <inheritdoc/>
    public override Tensor Apply(Tensor images) => images.clone();
}
