using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Weights;

/// <summary>How the tensors of a file go with a network.</summary>
public sealed record ArchitectureFit
{
    /// <summary>The network that was tried, or the nearest one.</summary>
    public required ModelSource Source { get; init; }

    /// <summary>Why it does not fit, with the first few differences; empty when it does.</summary>
    public string Fault { get; init; } = "";

    /// <summary>Whether names and shapes are the same.</summary>
    public bool Fits => Fault.Length == 0;

    /// <summary>Share of all names that differ or have another shape: 0 fits, 1 has nothing in common.</summary>
    public double Distance { get; init; }

    /// <summary>Classes that the file distinguishes where they alone do not fit, else null.</summary>
    public int? Outputs { get; init; }

    /// <summary>Name of the file's entry that was compared; empty for the outermost one.</summary>
    public string Entry { get; init; } = "";

    /// <summary>Entries that fit as well.</summary>
    public IReadOnlyList<string> OtherEntries { get; init; } = [];

    /// <summary>Mean of a normalising layer that stands before the network in the file, else null.</summary>
    internal StoredTensor? Mean { get; init; }

    /// <summary>Its deviation.</summary>
    internal StoredTensor? Deviation { get; init; }

    /// <summary>
    /// Tensors of the file by the network's own names: all where it fits, those before the last layer where only its
    /// classes do not, else none.
    /// </summary>
    internal IReadOnlyDictionary<string, StoredTensor> Tensors { get; init; } = new Dictionary<string, StoredTensor>();
}
