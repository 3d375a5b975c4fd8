namespace BackdoorLab.Engine.Experiments;

/// <summary>Listens to a run. Called on the engine's thread: must return quickly.</summary>
public interface IExperimentObserver
{
    /// <summary>Receives every event in order.</summary>
    void On(ExperimentEvent happened);
}
