namespace BackdoorLab.Engine.Core;

/// <summary>
/// Thrown by a method that cannot apply to what it was given; becomes <see cref="Outcome.NotApplicable"/> with this
/// reason.
/// </summary>
public sealed class NotApplicableException(string reason) : Exception(reason);
