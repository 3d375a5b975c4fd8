namespace BackdoorLab.Engine.Tensors;

/// <summary>The native tensor library cannot be used on this machine; the message says why and what to do.</summary>
public sealed class TorchUnavailableException(string message, Exception inner) : Exception(message, inner);
