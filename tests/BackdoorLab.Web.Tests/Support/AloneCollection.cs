namespace BackdoorLab.Web.Tests.Support;

/// <summary>Tests that measure this whole process: no other goes on beside them.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;
