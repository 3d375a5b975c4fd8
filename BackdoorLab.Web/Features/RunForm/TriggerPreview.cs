using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Web.Files;

namespace BackdoorLab.Web.Features.RunForm;

/// <summary>A sample before and after the attack.</summary>
/// <param name="Images">Clean, poisoned, difference; empty when there is a fault.</param>
/// <param name="Labels">What happens to the label, in words.</param>
/// <param name="Fault">Why there is no preview; empty when there is one.</param>
public sealed record PreviewResult(IReadOnlyList<PixelImage> Images, string Labels, string Fault)
{
    public static PreviewResult Failed(string fault) => new([], "", fault);
}

/// <summary>
/// Stamps a trigger on a real sample for the form. Besides building a network to count its size or to compare its names
/// with those of a file, the only use of tensors in the dashboard's process: one small image at a time, and never so
/// that a missing native library could hurt more than this preview.
/// </summary>
public sealed class TriggerPreview(DatasetShelf shelf, ILogger<TriggerPreview> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Renders test image number <paramref name="index"/> (any number; it wraps around).</summary>
    public async Task<PreviewResult> Render(
        DatasetSource dataset,
        Attack attack,
        int index,
        CancellationToken cancellation
    )
    {
        try
        {
            var samples = await shelf.Samples(dataset);
            await _one.WaitAsync(cancellation);
            try
            {
                return await Task.Run(() => Stamp(samples, attack, index), cancellation);
            }
            finally
            {
                _one.Release();
            }
        }
        catch (DatasetException error)
        {
            return PreviewResult.Failed(error.Message);
        }
        catch (NotApplicableException error)
        {
            return PreviewResult.Failed(error.Message);
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (Exception error)
        {
            // Whatever the native library says must not end the circuit of somebody who only fills in a form.
            logger.LogWarning(error, "The trigger preview failed.");
            return PreviewResult.Failed(
                error is TorchUnavailableException
                    ? error.Message
                    : "The preview could not be drawn; the server's log says why. Runs are not affected."
            );
        }
    }

    public void Dispose() => _one.Dispose();

    private static PreviewResult Stamp(ImageSet set, Attack attack, int index)
    {
        TorchRuntime.Initialize(1);

        // Under all-to-one an image of the target class would show no change of label.
        int[] useful =
        [
            .. Enumerable.Range(0, set.Count).Where(i => attack.Map(set.Labels[i], set.Classes) != set.Labels[i]),
        ];
        var chosen = useful.Length > 0 ? useful[index % useful.Length] : index % set.Count;
        var clean = set.Image(chosen).ToArray();
        var trigger = attack.CreateTrigger(set.Channels, set.Height, set.Width, new SeedTree(1).Child("trigger"));
        var poisoned = Poisoner.Stamp(set.Select([chosen]), trigger).Pixels;
        var label = set.Labels[chosen];
        var wanted = attack.Map(label, set.Classes);
        return new(
            [
                TriggerGallery.Picture("Clean", clean, set),
                TriggerGallery.Picture("With trigger", poisoned, set),
                TriggerGallery.Picture("Difference", Difference(clean, poisoned), set),
            ],
            $"{Name(set, label)} becomes {(wanted < set.Classes ? Name(set, wanted) : $"class {wanted}, which this data set does not have")}",
            ""
        );
    }

    // Stretched to the full range, else a blend of a few percent would look like nothing at all.
    private static byte[] Difference(byte[] clean, byte[] poisoned)
    {
        var most = Math.Max(1, clean.Zip(poisoned, (a, b) => Math.Abs(a - b)).Max());
        return [.. clean.Zip(poisoned, (a, b) => (byte)(Math.Abs(a - b) * 255 / most))];
    }

    private static string Name(ImageSet set, int label) => $"{label} ({set.ClassNames[label]})";
}
