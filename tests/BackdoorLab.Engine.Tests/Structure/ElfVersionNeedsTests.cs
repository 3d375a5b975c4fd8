using BackdoorLab.Build;

namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>The build step that makes a symbol version optional, on a hand-made ELF64 file.</summary>
public sealed class ElfVersionNeedsTests
{
    // Layout of the file below: header 0..63, strings at 64, version needs at 128, section headers at 256.
    private const int Strings = 64;
    private const int Needs = 128;
    private const int SectionHeaders = 256;
    private const int FlagsOfNew = Needs + 32 + 4;
    private const int FlagsOfOther = Needs + 64 + 4;

    [Fact]
    public void Weaken_VersionAskedFor_SetsTheWeakFlagOfThatNeedAlone()
    {
        var elf = Library();
        var expected = Library();
        expected[FlagsOfNew] = 2;

        Assert.True(ElfVersionNeeds.Weaken(elf, "GLIBCXX_3.4.32"));
        Assert.Equal(expected, elf);
    }

    [Fact]
    public void Weaken_NeedOfTheSecondFile_IsFound()
    {
        var elf = Library();

        Assert.True(ElfVersionNeeds.Weaken(elf, "GCC_3.0"));
        Assert.Equal(2, elf[FlagsOfOther]);
        Assert.Equal(0, elf[FlagsOfNew]);
    }

    [Fact]
    public void Weaken_SecondTime_ChangesNothing()
    {
        var elf = Library();
        ElfVersionNeeds.Weaken(elf, "GLIBCXX_3.4.32");
        var once = (byte[])elf.Clone();

        Assert.False(ElfVersionNeeds.Weaken(elf, "GLIBCXX_3.4.32"));
        Assert.Equal(once, elf);
    }

    [Fact]
    public void Weaken_OtherFlagsAlreadySet_AreKept()
    {
        var elf = Library();
        elf[FlagsOfNew] = 1;

        Assert.True(ElfVersionNeeds.Weaken(elf, "GLIBCXX_3.4.32"));
        Assert.Equal(3, elf[FlagsOfNew]);
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.3")]
    [InlineData("GLIBCXX_3.4.33")]
    public void Weaken_VersionNotAskedFor_ChangesNothing(string version)
    {
        var elf = Library();

        Assert.False(ElfVersionNeeds.Weaken(elf, version));
        Assert.Equal(Library(), elf);
    }

    [Fact]
    public void Weaken_NotAnElfFile_IsRefused()
    {
        var text = new byte[100];

        var fault = Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.Weaken(text, "GLIBCXX_3.4.32"));
        Assert.Equal("Not a little-endian ELF64 file.", fault.Message);
    }

    [Fact]
    public void Weaken_TruncatedFile_IsRefusedWithTheOffset()
    {
        var half = Library()[..SectionHeaders];

        var fault = Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.Weaken(half, "GLIBCXX_3.4.32"));
        Assert.Equal("The ELF file points at offset 256, beyond its end at 256.", fault.Message);
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.32", true)]
    [InlineData("GLIBCXX_3.4.3", false)]
    [InlineData("LIBCXX_3.4.32", false)]
    public void Mentions_WholeNamesOnly(string version, bool expected) =>
        Assert.Equal(expected, ElfVersionNeeds.Mentions(Library(), version));

    [SkippableFact]
    public void BuiltLibrary_OnThisHost_AsksForNothingTheHostLacks()
    {
        Skip.IfNot(
            OperatingSystem.IsLinux()
                && System.Runtime.InteropServices.RuntimeInformation.OSArchitecture
                    == System.Runtime.InteropServices.Architecture.X64
        );
        var library = Directory
            .EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories)
            .First();
        var provider = HostLibrary.Find("libstdc++.so.6");
        Assert.NotNull(provider);
        var served = ElfVersionNeeds.Mentions(File.ReadAllBytes(provider), "GLIBCXX_3.4.32");

        Assert.True(
            served || !ElfVersionNeeds.Weaken(File.ReadAllBytes(library), "GLIBCXX_3.4.32"),
            $"{library} was not mended by the build."
        );
    }

    private static byte[] Library()
    {
        var elf = new byte[SectionHeaders + (3 * 64)];
        byte[] magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];
        magic.CopyTo(elf, 0);
        Write(elf, 0x28, (long)SectionHeaders);
        Write(elf, 0x3a, (short)64);
        Write(elf, 0x3c, (short)3);

        // String table: offsets 1, 16, 30 and 45.
        "\0libstdc++.so.6\0GLIBCXX_3.4.9\0GLIBCXX_3.4.32\0GCC_3.0\0"u8.CopyTo(elf.AsSpan(Strings));

        Need(elf, Needs, count: 2, firstEntry: 16, nextFile: 48);
        Entry(elf, Needs + 16, name: 16, next: 16);
        Entry(elf, Needs + 32, name: 30, next: 0);
        Need(elf, Needs + 48, count: 1, firstEntry: 16, nextFile: 0);
        Entry(elf, Needs + 64, name: 45, next: 0);

        // Section 0 is empty, 1 the strings, 2 the version needs linked to section 1.
        Section(elf, 1, type: 3, offset: Strings, link: 0);
        Section(elf, 2, type: 0x6ffffffe, offset: Needs, link: 1);
        return elf;
    }

    private static void Need(byte[] elf, int at, short count, int firstEntry, int nextFile)
    {
        Write(elf, at, (short)1);
        Write(elf, at + 2, count);
        Write(elf, at + 8, firstEntry);
        Write(elf, at + 12, nextFile);
    }

    private static void Entry(byte[] elf, int at, int name, int next)
    {
        Write(elf, at + 8, name);
        Write(elf, at + 12, next);
    }

    private static void Section(byte[] elf, int index, int type, long offset, int link)
    {
        Write(elf, SectionHeaders + (index * 64) + 4, type);
        Write(elf, SectionHeaders + (index * 64) + 24, offset);
        Write(elf, SectionHeaders + (index * 64) + 40, link);
    }

    private static void Write(byte[] elf, int at, short value) => BitConverter.GetBytes(value).CopyTo(elf, at);

    private static void Write(byte[] elf, int at, int value) => BitConverter.GetBytes(value).CopyTo(elf, at);

    private static void Write(byte[] elf, int at, long value) => BitConverter.GetBytes(value).CopyTo(elf, at);
}
