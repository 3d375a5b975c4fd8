using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// What an attacker who also trains the model has at hand when the usual training on the poisoned set is over.
/// </summary>
public sealed record ImplantContext
{
    /// <summary>The trained network in evaluation mode; changed in place and left in evaluation mode.</summary>
    public required Classifier Network { get; init; }

    /// <summary>The training images without trigger and with their true labels.</summary>
    public required ImageSet CleanTrain { get; init; }

    /// <summary>The trigger of this run.</summary>
    public required Trigger Trigger { get; init; }

    /// <summary>How the network was trained: batch size and augmentation.</summary>
    public required TrainOptions Training { get; init; }

    /// <summary>Whether a horizontal flip keeps labels in this data set.</summary>
    public required bool FlipAllowed { get; init; }

    /// <summary>Random streams, cancellation and progress of the step.</summary>
    public required RunContext Run { get; init; }
}
