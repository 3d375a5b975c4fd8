using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class RegularFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("regular-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void OpenRead_FileAndLinkToIt_AreRead()
    {
        File.WriteAllBytes(Named("file"), [1, 2, 3]);
        File.CreateSymbolicLink(Named("link"), Named("file"));

        Assert.Null(RegularFile.Fault(Named("link")));
        Assert.Equal([1, 2, 3], RegularFile.ReadAllBytes(Named("link"), 3));
        Assert.Contains(
            "has 3 bytes; at most 2 are read.",
            Assert.Throws<IOException>(() => RegularFile.ReadAllBytes(Named("file"), 2)).Message
        );
    }

    [Fact]
    public void Fault_WhatIsNoFile_IsSaid()
    {
        Directory.CreateDirectory(Named("folder"));
        File.WriteAllBytes(Named("empty"), []);
        File.CreateSymbolicLink(Named("broken"), Named("nowhere"));
        File.CreateSymbolicLink(Named("loop"), Named("loop"));
        File.CreateSymbolicLink(Named("to-folder"), Named("folder"));

        Assert.Equal("is a folder, not a file.", RegularFile.Fault(Named("folder")));
        Assert.Equal("is not there.", RegularFile.Fault(Named("missing")));
        Assert.StartsWith("is empty or no regular file", RegularFile.Fault(Named("empty")));
        Assert.NotNull(RegularFile.Fault(Named("broken")));
        Assert.NotNull(RegularFile.Fault(Named("loop")));
        Assert.Equal(
            $"is a link to {Named("folder")}, which is a folder, not a file.",
            RegularFile.Fault(Named("to-folder"))
        );
        Assert.StartsWith(
            Named("missing"),
            Assert.Throws<IOException>(() => RegularFile.OpenRead(Named("missing"))).Message
        );
    }

    private string Named(string name) => Path.Combine(_folder, name);
}
