namespace BackdoorLab.Engine.Core;

/// <summary>
/// A parameter that came to a method when results of it existed already: at its default it is left out of JSON, so that
/// the keys of those results stay what they were.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OmittedAtDefaultAttribute : Attribute;
