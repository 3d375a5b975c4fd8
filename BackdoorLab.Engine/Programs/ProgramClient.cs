using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Programs;

/// <summary>Starts a process for the program of a TorchScript file.</summary>
public interface IProgramLauncher
{
    /// <summary>Starts it with a file; the caller disposes it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="WeightFileException">The program cannot be loaded, or programs cannot be run on this
    /// system.</exception>
    ProgramClient Start(string path);
}

/// <summary>
/// A run's end of the process that runs a program: pixels out, logits and gradients in. One question at a time.
/// </summary>
public sealed class ProgramClient : IDisposable
{
    // Pixels of one question: 256 pictures of 32 x 32 in colour. What a pass keeps for its gradient grows with it.
    private const int MostPixels = 256 * 3 * 32 * 32;

    private readonly BinaryWriter _questions;
    private readonly BinaryReader _answers;
    private readonly Func<string> _end;

    /// <summary>Waits until the program is there.</summary>
    /// <param name="questions">To the process.</param>
    /// <param name="answers">From it.</param>
    /// <param name="end">Ends the process if it has not ended, and returns the last words it had; empty when
    /// none.</param>
    /// <exception cref="WeightFileException">The program cannot be loaded.</exception>
    public ProgramClient(Stream questions, Stream answers, Func<string> end)
    {
        (_questions, _answers, _end) = (new(questions, Encoding.UTF8), new(answers, Encoding.UTF8), end);
        try
        {
            Exchange(() => (ProgramWire.Answered(_answers), ProgramWire.Answered(_answers)));
        }
        catch (ProgramException fault)
        {
            Dispose();
            throw new WeightFileException($"The program of the file {fault.Message}.", fault);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Logits of images, row-major, and how many a row has.</summary>
    /// <param name="pixels">[N,C,H,W] row-major, as the program wants them scaled.</param>
    /// <param name="size">N, C, H, W.</param>
    /// <exception cref="ProgramException">The program does not give logits for such images.</exception>
    /// <exception cref="WeightFileException">Its process has ended.</exception>
    internal (float[] Logits, int Classes) Logits(float[] pixels, long[] size) => InParts(pixels, size, null);

    /// <summary>Gradient with respect to the images, [N,C,H,W] row-major, of the sum of logits times factors.</summary>
    /// <param name="pixels">As above.</param>
    /// <param name="size">N, C, H, W.</param>
    /// <param name="factors">[N, classes] row-major.</param>
    /// <exception cref="ProgramException">The program has none.</exception>
    /// <exception cref="WeightFileException">Its process has ended.</exception>
    internal float[] Gradient(float[] pixels, long[] size, float[] factors) => InParts(pixels, size, factors).Values;

    /// <inheritdoc/>
    public void Dispose() => _end();

    private static IEnumerable<(int First, int Count)> Parts(long[] size)
    {
        var most = (int)Math.Max(1, MostPixels / (size[1] * size[2] * size[3]));
        for (var first = 0; first < size[0]; first += most)
        {
            yield return (first, (int)Math.Min(most, size[0] - first));
        }
    }

    private static float[] Slice(float[] values, (int First, int Count) part, long[] size)
    {
        var row = (int)(values.Length / size[0]);
        return part.Count == size[0] ? values : values[(part.First * row)..((part.First + part.Count) * row)];
    }

    private (float[] Values, int Columns) InParts(float[] pixels, long[] size, float[]? factors)
    {
        (float[] Values, int Columns)[] answers =
        [
            .. Parts(size)
                .Select(part =>
                    Ask(
                        Slice(pixels, part, size),
                        [part.Count, .. size[1..]],
                        factors is null ? null : Slice(factors, part, size)
                    )
                ),
        ];
        return answers is [var only] ? only : ([.. answers.SelectMany(answer => answer.Values)], answers[0].Columns);
    }

    private (float[] Values, int Columns) Ask(float[] pixels, long[] size, float[]? factors) =>
        Exchange(() =>
        {
            ProgramWire.Ask(_questions, pixels, size, factors);
            return ProgramWire.Answered(_answers);
        });

    private T Exchange<T>(Func<T> exchange)
    {
        try
        {
            return exchange();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            var words = _end();
            throw new WeightFileException(
                $"The process that ran the program of the file has ended: {(words.Length > 0 ? Shortened.Text(words.TrimEnd('.'), 300) : "it took longer or needed more memory than is allowed")}. Save the state dict of a network of the catalog instead, or a smaller program.",
                error
            );
        }
    }
}
