using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Models;

/// <summary>Input and output sizes of a classifier and its normalisation.</summary>
public sealed record ClassifierShape(int Channels, int Height, int Width, int Classes, Normalization Normalization);
