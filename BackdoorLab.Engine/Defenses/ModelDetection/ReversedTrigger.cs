namespace BackdoorLab.Engine.Defenses;

/// <summary>The smallest trigger found that sends images to one class.</summary>
/// <param name="Mask">float [H*W] in [0,1].</param>
/// <param name="Pattern">float [C*H*W] in [0,1], row-major.</param>
/// <param name="Norm">L1 norm of the mask, in pixels.</param>
/// <param name="Success">Success rate of the round it was taken from.</param>
/// <param name="Reached">Whether a round reached the success threshold; otherwise this is the last trigger tried.</param>
/// <param name="Updates">Optimiser updates spent.</param>
internal sealed record ReversedTrigger(float[] Mask, float[] Pattern, double Norm, double Success, bool Reached, int Updates);
