namespace BackdoorLab.Engine.Programs;

/// <summary>
/// A program ran and did not give what was asked of it. The message is a part of a sentence, after "The program of the
/// file".
/// </summary>
internal sealed class ProgramException(string message) : Exception(message);
