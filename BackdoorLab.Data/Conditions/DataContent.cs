using System.Text.Json;

namespace BackdoorLab.Data.Conditions;

/// <summary>The data of a run by content.</summary>
/// <param name="Source">
/// Hash of what the images were drawn from, before the seed chose any: runs of one condition share it.
/// </param>
/// <param name="Fingerprint">Hash of the images the run saw; differs between seeds where they draw.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="TrainImages">Training images.</param>
/// <param name="TestImages">Test images, the defender's clean ones included.</param>
public sealed record DataContent(string Source, string Fingerprint, int Classes, int TrainImages, int TestImages)
{
    internal static DataContent? Read(string json) =>
        json.Length == 0 ? null : JsonSerializer.Deserialize<DataContent>(json);
}
