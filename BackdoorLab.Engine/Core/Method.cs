namespace BackdoorLab.Engine.Core;

/// <summary>
/// A method is a record: its hyper-parameters are <c>init</c> properties with a default, a
/// <see cref="System.ComponentModel.DataAnnotations.RangeAttribute"/> (numbers) and a
/// <see cref="System.ComponentModel.DescriptionAttribute"/>. Supported parameter types: <c>int</c>, <c>double</c>,
/// <c>bool</c>, <c>string</c> and enums. Running a method returns a result; a method holds no state.
/// </summary>
public abstract record Method
{
    /// <summary>
    /// The metrics of its own that it reports beside those that all results share, in the order of tables. Methods that
    /// report the same number list the same declaration of it.
    /// </summary>
    public virtual IReadOnlyList<Metric> Numbers => [];

    /// <summary>
    /// Its place in the field's taxonomy, an entry an axis, in the order of tables; a function of the kind and of what
    /// the method declares. Empty for kinds without one.
    /// </summary>
    public virtual IReadOnlyList<MethodTrait> Traits => [];
}

/// <summary>A method's place on an axis of a taxonomy.</summary>
/// <param name="Axis">The axis: "Stage".</param>
/// <param name="Value">In words: "after training"; several joined by commas.</param>
public sealed record MethodTrait(string Axis, string Value);
