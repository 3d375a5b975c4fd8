namespace BackdoorLab.Web.Hosting;

/// <summary>Another dashboard uses the lab folder.</summary>
public sealed class LabInUseException(string message, Exception inner) : Exception(message, inner);
