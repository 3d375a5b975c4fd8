namespace BackdoorLab.Engine.Core;

/// <summary>What a defense is entitled to. A <c>DefenseContext</c> refuses anything that was not declared.</summary>
[Flags]
public enum Needs
{
    /// <summary>Nothing but the model as a black box.</summary>
    None = 0,

    /// <summary>The defender's small set of clean, correctly labelled images.</summary>
    CleanHoldout = 1,

    /// <summary>The training set as the defender received it: given labels, possibly poisoned, no mask.</summary>
    TrainingSet = 2,

    /// <summary>Gradients of the output with respect to the input (true or straight-through).</summary>
    InputGradients = 4,

    /// <summary>Penultimate features.</summary>
    Features = 8,

    /// <summary>Readable and writable weights.</summary>
    Weights = 16,

    /// <summary>
    /// A network that the defender has trained on the training set as received, with the run's recipe: what it would
    /// have without the defense.
    /// </summary>
    PlainTraining = 32,
}
