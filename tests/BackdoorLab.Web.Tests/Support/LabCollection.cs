namespace BackdoorLab.Web.Tests.Support;

/// <summary>Tests with a whole dashboard run one after the other: they measure times.</summary>
[CollectionDefinition("lab", DisableParallelization = true)]
public sealed class LabCollection;
