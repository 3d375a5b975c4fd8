namespace BackdoorLab.Engine.Defenses;

/// <summary>Sizes that a defense's cost depends on.</summary>
/// <param name="Classes">Classes.</param>
/// <param name="TrainCount">Training images.</param>
/// <param name="HoldoutCount">Clean holdout images.</param>
/// <param name="TestCount">Test images measured on.</param>
public sealed record WorkSizes(int Classes, int TrainCount, int HoldoutCount, int TestCount);

/// <summary>Rough cost of a defense, for time estimates before a run.</summary>
/// <param name="ForwardImages">Images through a forward pass.</param>
/// <param name="GradientImages">Images through a forward and backward pass.</param>
public sealed record DefenseWork(double ForwardImages, double GradientImages);
