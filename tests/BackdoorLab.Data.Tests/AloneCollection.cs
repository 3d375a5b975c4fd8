namespace BackdoorLab.Data.Tests;

/// <summary>For tests that measure time: nothing else runs beside them.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;
