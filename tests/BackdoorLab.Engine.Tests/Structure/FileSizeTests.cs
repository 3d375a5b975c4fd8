namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>A file that outgrows its budget does more than one thing.</summary>
public sealed class FileSizeTests
{
    // One entry after another: however many there are, it is one thing.
    private const string List = "BackdoorLab.Results/Metric.cs";

    [Theory]
    [InlineData(".cs", 400)]
    [InlineData(".razor", 150)]
    [InlineData(".razor.cs", 250)]
    public void SourceFiles_StayWithinTheirBudget(string ending, int lines)
    {
        var tooLong = Repository
            .Files("", ending)
            .Where(file => !Repository.Relative(file).Contains("/Migrations/Sqlite/", StringComparison.Ordinal))
            .Select(file => (File: Repository.Relative(file), Lines: File.ReadLines(file).Count()))
            .Where(file => file.Lines > lines && file.File != List)
            .Select(file =>
                $"{file.File} has {file.Lines} lines, {lines} are allowed: move a part that has a name of its own to its own file."
            )
            .ToList();

        Assert.True(tooLong.Count == 0, string.Join(Environment.NewLine, tooLong));
    }

    [Fact]
    public void SourceFiles_OfTheEngine_AreFound() =>
        Assert.Contains(
            "BackdoorLab.Engine/Core/Method.cs",
            Repository.Files("BackdoorLab.Engine", ".cs").Select(Repository.Relative)
        );
}
