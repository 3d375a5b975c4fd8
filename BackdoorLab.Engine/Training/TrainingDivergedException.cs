namespace BackdoorLab.Engine.Training;

/// <summary>The loss, or what comes of it, became NaN or infinite.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>In a step of the usual training.</summary>
    public TrainingDivergedException(int epoch, long step, double rate)
        : this(
            FormattableString.Invariant(
                $"the loss is not a number in epoch {epoch}, step {step}, at learning rate {rate:g3}"
            )
        ) { }

    /// <summary>In other work.</summary>
    /// <param name="what">What is no number, and where.</param>
    public TrainingDivergedException(string what)
        : base($"Training diverged: {what}. Lower the learning rate.") { }
}
