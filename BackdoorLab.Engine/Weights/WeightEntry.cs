namespace BackdoorLab.Engine.Weights;

/// <summary>Tensors that a file keeps together: a state dict. Files of training scripts hold several.</summary>
/// <param name="Name">Keys that lead to it, with points between them; empty for the file's outermost one.</param>
/// <param name="Tensors">Its tensors, as they are called in it.</param>
public sealed record WeightEntry(string Name, IReadOnlyList<StoredTensor> Tensors);
