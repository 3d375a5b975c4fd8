using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Saves what a person wants to see of the attack: trigger, clean and poisoned images, residuals.</summary>
internal sealed class PoisonStage(StageContext stage)
{
    private const int Scale = 4;
    private const int Samples = 6;

    internal void Run(StageKey key)
    {
        stage.Start(key);
        var references = new List<ArtifactReference>();
        var number = 0;
        foreach (
            var image in TriggerGallery.Make(
                stage.Inputs.CleanTest,
                stage.Inputs.Triggered!,
                Samples,
                stage.Inputs.Trigger
            )
        )
        {
            var file = $"sample-{++number}.png";
            if (!stage.Store.Has(key, file))
            {
                stage.Store.Write(
                    key,
                    file,
                    ImageFiles.EncodePng(image.Pixels, image.Width, image.Height, image.Channels, Scale)
                );
            }

            references.Add(new(key.Value, file, "image", image.Caption));
        }

        foreach (var reference in references)
        {
            stage.Events.Emit(new ArtifactSaved(reference));
        }

        stage.Events.FinishStage(cached: false);
    }
}
