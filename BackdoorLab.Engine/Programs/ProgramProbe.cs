using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Programs;

/// <summary>
/// Whether the program of a TorchScript file takes images of a data set, and how many outputs it has for them. The
/// process starts when it is first asked.
/// </summary>
/// <param name="launcher">Starts it.</param>
/// <param name="path">The file.</param>
public sealed class ProgramProbe(IProgramLauncher launcher, string path) : IDisposable
{
    private readonly Dictionary<(int Channels, int Height, int Width), (int Outputs, string Fault)> _known = [];
    private ProgramClient? _program;

    /// <summary>How the program goes with a data set.</summary>
    /// <param name="shape">Its images and classes.</param>
    /// <param name="dataset">Its name, for words.</param>
    /// <exception cref="WeightFileException">The program cannot be loaded, or its process has ended.</exception>
    public ArchitectureFit Fit(DatasetShape shape, string dataset)
    {
        var (outputs, fault) = Outputs(shape.Channels, shape.Height, shape.Width);
        return new()
        {
            Source = new FileProgram(),
            Distance =
                fault.Length > 0 ? 1
                : outputs == shape.Classes ? 0
                : 0.5,
            Outputs = fault.Length > 0 || outputs == shape.Classes ? null : outputs,
            Fault =
                fault.Length > 0
                    ? $"The program of the file {fault}, asked with grey images as large as those of {dataset} ({shape.Channels} x {shape.Height} x {shape.Width})."
                : outputs == shape.Classes ? ""
                : $"The program of the file has {outputs} outputs, {dataset} has {shape.Classes} classes: choose the data set it was trained for.",
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _program?.Dispose();

    private (int Outputs, string Fault) Outputs(int channels, int height, int width)
    {
        if (!_known.TryGetValue((channels, height, width), out var answer))
        {
            _program ??= launcher.Start(path);

            // Two images: a program that was traced with one may take no other number.
            var pixels = new float[2 * channels * height * width];
            Array.Fill(pixels, 0.5f);
            try
            {
                answer = (_program.Logits(pixels, [2, channels, height, width]).Classes, "");
            }
            catch (ProgramException error)
            {
                answer = (0, error.Message);
            }

            _known[(channels, height, width)] = answer;
        }

        return answer;
    }
}
