using System.CommandLine;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Commands;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Tests.Commands;

/// <summary>What a command is given and cannot use ends in a sentence and its exit code, never in a trace.</summary>
public sealed class CommandFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("command-faults").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Commands_ToAFolderThatIsAFileOrBelowOne_EndWithTwo()
    {
        var (file, spec, model) = (
            Place("file", "x"),
            Place("spec.json", SpecJson.Write(TinySpec.Short)),
            Path.Combine(_folder, "model.safetensors")
        );
        await File.WriteAllBytesAsync(model, CheckRuns.Weights(classes: 3));
        var study = Place(
            "study.json",
            $$"""{"name":"s","seeds":[1],"experiment":{{SpecJson.Write(TinySpec.Short)}}}"""
        );
        var free = Path.Combine(_folder, "out");
        foreach (var bad in new[] { file, Path.Combine(file, "a", "b") })
        {
            Assert.Equal(2, await Run(RunCommand.Create(), spec, "--out", bad));
            Assert.Equal(2, await Run(RunCommand.Create(), spec, "--out", free, "--store", bad));
            Assert.Equal(2, await Run(RunCommand.Create(), spec, "--out", free, "--data", bad));
            Assert.Equal(2, await Run(StudyCommand.Create(), study, "--out", bad));
            Assert.Equal(2, await Run(StudyCommand.Create(), study, "--out", free, "--store", bad));
            Assert.Equal(2, await Run(StudyCommand.Create(), study, "--out", free, "--data", bad, "--plan"));
            Assert.Equal(2, await Run(ProbeCommand.Create(), spec, "--store", bad));
            Assert.Equal(2, await Run(CheckCommand.Create(), model, "--dataset", "mnist", "--out", bad));
            Assert.Equal(2, await Run(CheckCommand.Create(), model, "--dataset", "mnist", "--store", bad));
            Assert.Equal(2, await Run(BackupCommands.Backup(), bad, "--lab", free));
            Assert.Equal(2, await Run(BackupCommands.Restore(), bad, "--lab", free));
            Assert.Equal(2, await Run(ServeCommand.Create(), "--lab", bad, "--urls", "http://127.0.0.1:0"));
            Assert.Equal(
                2,
                await Run(ServeCommand.Create(), "--lab", free, "--data", bad, "--urls", "http://127.0.0.1:0")
            );
            Assert.Contains(
                $"'{file}' is a file",
                Assert.Throws<CommandException>(() => CommandException.MakeFolder("--out", new(bad))).Message,
                StringComparison.Ordinal
            );
        }

        Assert.Equal("x", await File.ReadAllTextAsync(file));
    }

    [Theory]
    [InlineData("""{"schema":1,"schema":1}""")]
    [InlineData("not JSON")]
    [InlineData("")]
    [InlineData("\ufeff[1]")]
    public async Task Commands_OnADocumentThatIsNone_EndWithTwo(string content)
    {
        var (file, output) = (Place("spec.json", content), Path.Combine(_folder, "out"));

        Assert.Equal(2, await Run(RunCommand.Create(), file, "--out", output));
        Assert.Equal(2, await Run(StudyCommand.Create(), file, "--out", output));
        Assert.Equal(2, await Run(ProbeCommand.Create(), file, "--store", output));
        Assert.Equal(2, await Run(RunCommand.Create(), _folder, "--out", output));
    }

    [Theory]
    [InlineData(0, "is empty")]
    [InlineData(60, "damaged or was cut off")]
    [InlineData(4096, "damaged or was cut off")]
    [InlineData(20_000, "damaged or was cut off")]
    public async Task Serve_OnATruncatedDatabase_SaysSoAndChangesNothing(int length, string words)
    {
        var file = await Database();
        await using (var cut = File.OpenWrite(file))
        {
            cut.SetLength(length);
        }

        var error = Assert.Throws<LabDatabaseException>(() => DatabaseFile.Check(file));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, await Run(ServeCommand.Create(), "--lab", _folder, "--urls", "http://127.0.0.1:0"));
        Assert.Equal(length, new FileInfo(file).Length);
    }

    [Fact]
    public async Task Serve_OnAnotherProgramsDatabase_LeavesItAlone()
    {
        var file = Path.Combine(_folder, "lab.db");
        await using (var other = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            await other.OpenAsync();
            await using var make = other.CreateCommand();
            make.CommandText = "CREATE TABLE bookmarks (url TEXT)";
            await make.ExecuteNonQueryAsync();
        }

        Assert.Equal(2, await Run(ServeCommand.Create(), "--lab", _folder, "--urls", "http://127.0.0.1:0"));
        await using var again = new SqliteConnection($"Data Source={file};Pooling=False");
        await again.OpenAsync();
        await using var count = again.CreateCommand();
        count.CommandText = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'";
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    [Theory]
    [InlineData("""{"Lab":{"threads":2,"threads":3}}""")]
    [InlineData("""{"Lab":""")]
    public void SettingsFile_ThatIsNone_IsAFaultOfTheSettings(string content) =>
        Assert.Contains(
            "settings.json",
            Assert
                .Throws<OptionsValidationException>(() => LabOptionsReader.FromFiles(Place("settings.json", content)))
                .Message,
            StringComparison.Ordinal
        );

    private static Task<int> Run(Command command, params string[] arguments) => command.Parse(arguments).InvokeAsync();

    private async Task<string> Database()
    {
        await using (var lab = await TestLab.StartAsync(_folder))
        {
            await new SampleRuns(lab.Services, Path.Combine(_folder, "artifacts")).Finished(Presets.Demo.Spec);
        }

        LabPools.Clear(_folder);
        return Path.Combine(_folder, "lab.db");
    }

    private string Place(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
