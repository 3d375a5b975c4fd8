using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Weights of a file that a training starts from instead of fresh ones, in this program's, torchvision's or timm's
/// names. Where the file tells apart another number of classes than the data set has, the last layer keeps its fresh
/// weights. Pixels are scaled as the data set's, whatever the file was trained with.
/// </summary>
public sealed record StartingWeights : ModelFile
{
    private protected override string WhereToChoose => "Choose it again in the form of a new run";

    private protected override string WhatOfAnother => "Name the new one as a file of its own";

    /// <summary>What must stand beside numbers of such models.</summary>
    internal string Remark =>
        $"training started from the weights of '{File}' (SHA-256 {Short(Sha256)}), of whose own training nothing is known; the backdoored model and its twin both did";

    /// <summary>What of a key says that a training started from it; the file's name has no part in it.</summary>
    internal (string Name, object? Value)[] Parts =>
        Entry.Length == 0 ? [("start", Sha256)] : [("start", Sha256), ("startEntry", Entry)];

    /// <summary>Puts the file's weights into a fresh network.</summary>
    /// <param name="network">Changed in place; a last layer for other classes stays fresh.</param>
    /// <param name="spec">Network and data set.</param>
    /// <param name="folder">Where such files lie.</param>
    /// <param name="run">Told what was read.</param>
    /// <exception cref="WeightFileException">The file is not there, is another, or does not fit.</exception>
    internal void Fill(Classifier network, ExperimentSpec spec, string folder, RunContext run)
    {
        using var content = WeightFile.Open(Locate(folder));
        var shape = network.Shape;
        var fit = Architectures.Fit(
            content,
            spec.Model,
            new DatasetShape(shape.Channels, shape.Height, shape.Width, shape.Classes, 0, 0),
            MethodCatalog.Default.For(spec.Dataset).Name,
            Entry
        );
        if (fit is { Fits: false, Outputs: null })
        {
            throw new WeightFileException(
                $"'{File}' does not fit {MethodCatalog.Default.For(spec.Model).Name}. {fit.Fault}"
            );
        }

        NetworkWeights.Fill(network, fit.Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.Read()));
        run.Log(
            $"Started from {File}: {content.Format}, {fit.Tensors.Count} tensors used."
                + (
                    fit.Outputs is { } outputs
                        ? $" It tells {outputs} classes apart and {shape.Classes} are wanted: the last layer starts afresh."
                        : ""
                )
        );
    }
}
