using Xunit.Sdk;

namespace BackdoorLab.Web.Tests.Documents;

public sealed class ApprovedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("approved-").FullName;

    private string ApprovedFile => Path.Combine(_folder, "a.approved.txt");

    private string ReceivedFile => Path.Combine(_folder, "received", "a.received.txt");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("other\n")]
    [InlineData("text\r\n")]
    public void Compare_OfADifference_WritesWhatCameAndNamesBothFiles(string? approved)
    {
        if (approved is not null)
        {
            File.WriteAllText(ApprovedFile, approved);
        }

        var failure = Assert.Throws<FailException>(() =>
            Approved.Compare(ApprovedFile, ReceivedFile, "text\n", approve: false)
        );

        Assert.Contains($"{ReceivedFile} differs from {ApprovedFile}", failure.Message, StringComparison.Ordinal);
        Assert.Equal("text\n", File.ReadAllText(ReceivedFile));
    }

    [Fact]
    public void Compare_WhenApproving_TakesWhatCameAndIsContentAfterwards()
    {
        Approved.Compare(ApprovedFile, ReceivedFile, "text\n", approve: true);
        Approved.Compare(ApprovedFile, ReceivedFile, "text\n", approve: false);

        Assert.False(File.Exists(ReceivedFile));
    }
}
