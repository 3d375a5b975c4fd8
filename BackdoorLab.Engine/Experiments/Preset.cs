namespace BackdoorLab.Engine.Experiments;

/// <summary>A ready spec with a name.</summary>
/// <param name="Id">kebab-case id.</param>
/// <param name="Name">Name on screen.</param>
/// <param name="Description">What it is good for and what it costs on two cores.</param>
/// <param name="Spec">The spec.</param>
public sealed record Preset(string Id, string Name, string Description, ExperimentSpec Spec);
