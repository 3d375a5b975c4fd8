using System.Runtime.InteropServices;
using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;
using NativeMemory = BackdoorLab.Engine.Tensors.NativeMemory;

namespace BackdoorLab.Engine.Programs;

/// <summary>
/// The inside of the process that runs the program of a TorchScript file, and does nothing else. Beside computing with
/// tensors such a program can read and write files by name, so it is loaded only when the process has given up whatever
/// it could do harm with.
/// </summary>
/// <param name="surrender">Gives up writing files, and most of the memory. What runtime and tensor library load for a
/// pass has been loaded by then.</param>
/// <param name="limit">Longest time of an answer.</param>
/// <param name="late">Ends the process: nothing else stops a program.</param>
public sealed class ProgramServer(Action surrender, TimeSpan limit, Action late)
{
    private const int MostLetters = 400;

    // A convolution, a product and their gradients: with their first pass everything is loaded that passes need.
    private const string Rehearsal = """
        class M(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def forward(self: __torch__.M, x: Tensor) -> Tensor:
            y = torch.adaptive_avg_pool2d(torch.gelu(torch.conv2d(x, torch.ones([4, 3, 3, 3]))), [1, 1])
            return torch.matmul(torch.flatten(y, 1), torch.ones([4, 2]))

        """;

    /// <summary>Answers until nothing more is asked.</summary>
    /// <param name="program">Content of the file.</param>
    /// <param name="questions">Its end is the end.</param>
    /// <param name="answers">The first tells that the process is there, the second that the program is.</param>
    public void Serve(byte[] program, Stream questions, Stream answers)
    {
        using var reader = new BinaryReader(questions, Encoding.UTF8, leaveOpen: true);
        using var writer = new BinaryWriter(answers, Encoding.UTF8, leaveOpen: true);
        Rehearse();

        // The way out loads something too when it is first taken.
        ProgramWire.Answer(writer, [], [0]);
        surrender();
        Answer(program, reader, writer);
    }

    // Faults too: the runtime loads what words are made with when the first one is made.
    private void Rehearse()
    {
        using var asked = new MemoryStream();
        using var reader = new BinaryReader(asked);
        using var writer = new BinaryWriter(asked);
        ProgramWire.Ask(writer, new float[2 * 3 * 64], [2, 3, 8, 8], null);
        ProgramWire.Ask(writer, new float[2 * 3 * 64], [2, 3, 8, 8], new float[4]);
        ProgramWire.Ask(writer, new float[2 * 64], [2, 1, 8, 8], null);
        asked.Position = 0;
        Answer(
            TorchScriptArchive.Write(Rehearsal.ReplaceLineEndings("\n"), []),
            reader,
            new BinaryWriter(new MemoryStream())
        );
    }

    private void Answer(byte[] program, BinaryReader reader, BinaryWriter writer)
    {
        using var watch = new Timer(_ => late());
        watch.Change(limit, Timeout.InfiniteTimeSpan);
        using var module = Try(writer, () => jit.load(program));
        if (module is null)
        {
            return;
        }

        module.eval();
        ProgramWire.Answer(writer, [], [0]);
        watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        for (var pass = 0L; ProgramWire.Asked(reader) is var (pixels, size, factors); pass++)
        {
            NativeMemory.Step(pass);
            watch.Change(limit, Timeout.InfiniteTimeSpan);
            if (Try(writer, () => Pass(module, pixels, size, factors)) is { } values)
            {
                ProgramWire.Answer(writer, values, size);
            }

            watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private static float[] Pass(jit.ScriptModule module, float[] pixels, long[] size, float[]? factors)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(factors is not null);
        var images = tensor(pixels, size, requires_grad: factors is not null);
        var logits = Logits(module.forward(images), size[0]);
        if (factors is null)
        {
            return Inference.Floats(logits);
        }

        if (!logits.requires_grad)
        {
            throw new ProgramException("has no gradient with respect to its images");
        }

        logits.mul(tensor(factors, logits.shape)).sum().backward();
        return Inference.Floats(
            images.grad ?? throw new ProgramException("has no gradient with respect to its images")
        );
    }

    private static Tensor Logits(object output, long images) =>
        output switch
        {
            Tensor { shape: [var rows, >= 2] } logits when rows == images && logits.is_floating_point() => logits,
            Tensor other => throw new ProgramException(
                $"gives {other.dtype} [{string.Join(", ", other.shape)}] for {images} images, not logits [{images}, classes]"
            ),
            _ => throw new ProgramException(
                "gives several values, not one tensor of logits: save one that returns its logits alone"
            ),
        };

    // What goes wrong in a program is told; it may be asked for something else.
    private static T? Try<T>(BinaryWriter answers, Func<T> work)
        where T : class
    {
        try
        {
            return work();
        }
        catch (ProgramException told)
        {
            ProgramWire.Fault(answers, told.Message);
        }
        catch (Exception error)
            when (error
                    is ExternalException
                        or OutOfMemoryException
                        or ArgumentException
                        or NotSupportedException
                        or InvalidOperationException
                        or NotImplementedException
            )
        {
            ProgramWire.Fault(answers, $"ends in an error: {Shortened.Text(Reason(error.Message), MostLetters)}");
        }

        return null;
    }

    // libtorch puts where in the program it happened before what happened, and the stack after it.
    private static string Reason(string message) =>
        message
            .Split('\n')
            .Select(line => line.Trim())
            .LastOrDefault(line => line.StartsWith("RuntimeError: ", StringComparison.Ordinal))
            ?["RuntimeError: ".Length..]
        ?? message.Split('\n')[0];
}
