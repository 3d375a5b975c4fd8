using BackdoorLab.Web.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Tests.Hosting;

public sealed class LabOptionsTests
{
    [Fact]
    public void Read_WithoutSettings_ListensOnLoopbackOnly()
    {
        var options = Read();

        Assert.Equal("http://127.0.0.1:5080", options.Urls);
        Assert.False(options.AllowRemote);
        Assert.Equal(2, options.MaxAttempts);
        Assert.Equal(Environment.ProcessorCount, options.Threads);
        Assert.True(Path.IsPathFullyQualified(options.Lab));
        Assert.Equal(Path.Combine(options.Lab, "lab.db"), options.DatabaseFile);
    }

    [Fact]
    public void Read_LaterSource_Wins()
    {
        var options = LabOptionsReader.Read(Source(("Threads", "3"), ("MaxAttempts", "5")), Source(("threads", "7")));

        Assert.Equal(7, options.Threads);
        Assert.Equal(5, options.MaxAttempts);
    }

    [Fact]
    public void Read_SeveralFaults_NamesEveryKey()
    {
        var error = Assert.Throws<OptionsValidationException>(() =>
            Read(
                ("threads", "0"),
                ("maxAttempts", "99"),
                ("leaseSeconds", "1"),
                ("urls", "nonsense"),
                ("data", "/no/such/folder")
            )
        );

        Assert.Contains("threads: must be from 1 to 1024; found 0.", error.Failures);
        Assert.Contains("maxAttempts: must be from 1 to 20; found 99.", error.Failures);
        Assert.Contains("leaseSeconds: must be from 10 to 3600; found 1.", error.Failures);
        Assert.Contains(error.Failures, fault => fault.StartsWith("urls: 'nonsense' is not", StringComparison.Ordinal));
        Assert.Contains(error.Failures, fault => fault.StartsWith("data: the folder", StringComparison.Ordinal));
        Assert.Equal(5, error.Failures.Count());
    }

    [Fact]
    public void Read_ValueOfWrongType_NamesKey()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read(("threads", "many")));

        Assert.Contains(
            error.Failures,
            fault =>
                fault.Contains("hreads", StringComparison.Ordinal) && fault.Contains("many", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("http://0.0.0.0:5080")]
    [InlineData("http://*:5080")]
    [InlineData("http://+:5080")]
    [InlineData("http://[::]:5080")]
    [InlineData("http://192.168.1.7:5080")]
    [InlineData("http://lab.example.org")]
    [InlineData("http://127.0.0.1:5080;http://0.0.0.0:5081")]
    public void Read_AddressOtherMachinesReach_IsRefusedUnlessAllowed(string urls)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read(("urls", urls)));

        Assert.Contains("--allow-remote", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.Equal(urls, Read(("urls", urls), ("allowRemote", "true")).Urls);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://localhost:5080")]
    [InlineData("http://[::1]:5080")]
    [InlineData("http://127.0.0.7:5080;http://localhost:1")]
    public void Read_LoopbackAddress_IsAccepted(string urls) => Assert.Equal(urls, Read(("urls", urls)).Urls);

    private static LabOptions Read(params (string Key, string Value)[] settings) =>
        LabOptionsReader.Read(Source(settings));

    private static IConfigurationRoot Source(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)))
            .Build();
}
