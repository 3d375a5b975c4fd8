using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Web.Jobs;

/// <summary>Says what a model file holds.</summary>
public interface IModelInspector
{
    /// <summary>Reads names and sizes of a file's tensors.</summary>
    /// <exception cref="WeightFileException">It cannot be used; the words say why.</exception>
    Task<WeightListing> Read(string path, CancellationToken cancellation);
}

/// <summary>
/// Reads model files of strangers in a child process of the same program, with limits of memory and time: whatever a
/// file makes of its reader, the dashboard goes on.
/// </summary>
/// <param name="heapMegabytes">Most memory of the child's objects.</param>
public sealed class ModelInspector(int heapMegabytes = 224) : IModelInspector
{
    /// <summary>Name of the command.</summary>
    public const string Command = "inspect-model";

    private const int MostLetters = 8 << 20;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public async Task<WeightListing> Read(string path, CancellationToken cancellation)
    {
        var start = WorkerCommandLine.Create(Command, threads: 1);
        start.ArgumentList.Add(Path.GetFullPath(path));
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.StandardOutputEncoding = Encoding.UTF8;
        start.Environment["DOTNET_GCHeapHardLimit"] = ((long)heapMegabytes << 20).ToString(
            "x",
            CultureInfo.InvariantCulture
        );
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(MostTime);
        try
        {
            process.StandardInput.Close();
            var errors = process.StandardError.BaseStream.CopyToAsync(Stream.Null, limit.Token);
            var answer = await ReadAtMost(process.StandardOutput, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            await errors;
            return Understand(answer);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new WeightFileException(
                $"The file was not read within {MostTime.TotalSeconds} seconds, which no file of weights needs. Save the weights alone, without optimizer and data."
            );
        }
        finally
        {
            End(process);
        }
    }

    private WeightListing Understand(string answer)
    {
        try
        {
            if (JsonSerializer.Deserialize<InspectedModel>(answer) is { } inspected)
            {
                return inspected.Listing ?? throw new WeightFileException(inspected.Fault);
            }
        }
        catch (JsonException)
        {
            // It ended in the middle of a word, or said nothing.
        }

        throw new WeightFileException(
            $"The process that read the file ended before it had an answer: the file needs more memory than the {heapMegabytes} MB that are allowed for one. Save the weights alone, without optimizer and data."
        );
    }

    private static async Task<string> ReadAtMost(StreamReader output, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var buffer = new char[1 << 14];
        for (int count; text.Length < MostLetters && (count = await output.ReadAsync(buffer, cancellation)) > 0; )
        {
            text.Append(buffer, 0, count);
        }

        return text.ToString();
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error)
            when (error is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It had ended.
        }
    }
}

/// <summary>What the child process answers on one line.</summary>
/// <param name="Listing">What the file holds, or null.</param>
/// <param name="Fault">Why it cannot be used.</param>
internal sealed record InspectedModel(WeightListing? Listing, string Fault);
