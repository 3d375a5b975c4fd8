namespace BackdoorLab.Engine.Weights;

/// <summary>How a stored tensor writes its numbers.</summary>
public enum ElementType
{
    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>64-bit floating point.</summary>
    Float64,

    /// <summary>16-bit floating point of IEEE.</summary>
    Float16,

    /// <summary>The upper half of a 32-bit number.</summary>
    BFloat16,

    /// <summary>64-bit whole number.</summary>
    Int64,

    /// <summary>32-bit whole number.</summary>
    Int32,

    /// <summary>16-bit whole number.</summary>
    Int16,

    /// <summary>A byte, signed, unsigned or a yes or no.</summary>
    Byte,

    /// <summary>A form that is not read: complex numbers, 8-bit floating point.</summary>
    Other,
}
