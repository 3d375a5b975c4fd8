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
}
