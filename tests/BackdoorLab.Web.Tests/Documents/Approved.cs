using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace BackdoorLab.Web.Tests.Documents;

/// <summary>
/// Documents that somebody has read and approved, as files beside the test. On a difference what came is written into
/// the build's output; with BACKDOORLAB_APPROVE=1 it takes the place of the approved file instead, and <c>git diff</c>
/// shows what to read.
/// </summary>
internal static partial class Approved
{
    /// <summary>
    /// Compares a document, to the byte; of a number the first twelve decimals, since the last digits of special
    /// functions hang on the processor.
    /// </summary>
    /// <param name="name">Name of the file, such as <c>board.csv</c>: it is kept as <c>board.approved.csv</c>.</param>
    /// <param name="text">The document.</param>
    /// <param name="test">Source file of the test.</param>
    public static void Check(string name, string text, [CallerFilePath] string test = "") =>
        Compare(
            Named(Path.Combine(Path.GetDirectoryName(test)!, name), "approved"),
            Named(Path.Combine(AppContext.BaseDirectory, "received", name), "received"),
            Decimals().Replace(text, "$1"),
            Environment.GetEnvironmentVariable("BACKDOORLAB_APPROVE") == "1"
        );

    internal static void Compare(string approved, string received, string text, bool approve)
    {
        if (approve)
        {
            File.WriteAllText(approved, text);
        }
        else if (!File.Exists(approved) || File.ReadAllText(approved) != text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(received)!);
            File.WriteAllText(received, text);
            Assert.Fail(
                $"{received} differs from {approved}. If it should: BACKDOORLAB_APPROVE=1 dotnet test, as CONTRIBUTING.md says."
            );
        }
    }

    private static string Named(string path, string word) => Path.ChangeExtension(path, word + Path.GetExtension(path));

    [GeneratedRegex(@"(\d\.\d{12})\d+")]
    private static partial Regex Decimals();
}
