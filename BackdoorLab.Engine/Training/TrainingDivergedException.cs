namespace BackdoorLab.Engine.Training;

/// <summary>The loss became NaN or infinite.</summary>
public sealed class TrainingDivergedException(int epoch, long step, double rate)
    : Exception(FormattableString.Invariant(
        $"Training diverged: the loss is not a number in epoch {epoch}, step {step}, at learning rate {rate:g3}. Lower the learning rate."));
