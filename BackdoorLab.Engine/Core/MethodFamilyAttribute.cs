namespace BackdoorLab.Engine.Core;

/// <summary>
/// Marks an abstract record whose direct descendants are kinds of method, rather than being a kind itself.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class MethodFamilyAttribute : Attribute;
