using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Fuzz;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Files;

/// <summary>
/// One real bundle, damaged hundreds of times: each is refused in the bundle's own words and leaves nothing, or is a
/// run that can be read.
/// </summary>
[Trait("Category", "Slow")]
public sealed class BundleDamageTests
{
    private const int Damages = 400;

    [Fact]
    public async Task Import_OfDamagedBundles_IsRefusedWithNothingWrittenOrReadsBack()
    {
        await using var lab = await TestLab.StartAsync();
        var artifacts = Path.Combine(lab.Folder, "artifacts");
        var id = await new SampleRuns(lab.Services, artifacts).Finished(Presets.Demo.Spec);
        using var whole = new MemoryStream();
        Assert.True(await lab.Services.GetRequiredService<BundleWriter>().Write(id, whole, default));
        var (reader, writer) = (
            lab.Services.GetRequiredService<BundleReader>(),
            lab.Services.GetRequiredService<BundleWriter>()
        );
        var (runs, refused) = (1, 0);
        var files = Files(artifacts);
        for (var i = 0; i < Damages; i++)
        {
            var zip = Damaged(whole.ToArray(), new SeedTree(14).Child(i).Random());
            try
            {
                var arrived = await reader.Import(new MemoryStream(zip), "");
                runs++;

                // What was taken in can be shown and sent on.
                Assert.True(await writer.Write(arrived, new MemoryStream(), default), $"damage {i}");
                files = Files(artifacts);
            }
            catch (BundleException error)
            {
                refused++;
                Assert.True(error.Message.Length < 2_000, $"damage {i}: {error.Message.Length} characters");
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"damage {i}: {error}");
            }

            Assert.Equal(files, Files(artifacts));
        }

        Assert.Equal(runs, (await lab.List.ListAsync(new RunFilter(), [], 0, 1)).Total);
        Assert.InRange(refused, Damages / 4, Damages);
    }

    [Fact]
    public async Task Files_WhoseRunCannotBeWritten_GoAgain()
    {
        await using var lab = await TestLab.StartAsync();
        var artifacts = Path.Combine(lab.Folder, "artifacts");
        var files = lab.Services.GetRequiredService<ImportedFiles>();

        await Assert.ThrowsAsync<TimeoutException>(() =>
            files.Place<int>(
                [("imported1", "a.png", [1]), ("imported2", "b.png", [2])],
                () =>
                {
                    Assert.Equal(2, Files(artifacts).Count);
                    throw new TimeoutException();
                }
            )
        );

        Assert.Empty(Files(artifacts));
    }

    [Fact]
    public async Task CleanUp_AfterABrokenOffImport_LeavesOnlyWhatRunsName()
    {
        await using var lab = await TestLab.StartAsync();
        var artifacts = Path.Combine(lab.Folder, "artifacts");
        var id = await new SampleRuns(lab.Services, artifacts).Finished(Presets.Demo.Spec);
        using var zip = new MemoryStream();
        await lab.Services.GetRequiredService<BundleWriter>().Write(id, zip, default);
        await lab.Services.GetRequiredService<BundleReader>().Import(zip, "");
        var before = Files(artifacts);
        foreach (var left in new[] { ".importing-1/ab/abc/x.png", "im/imported0/x.png" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(artifacts, left))!);
            await File.WriteAllBytesAsync(Path.Combine(artifacts, left), [1]);
        }

        await lab.Services.GetRequiredService<ImportedFiles>().CleanUp();

        Assert.Contains(before, file => file.Contains("imported", StringComparison.Ordinal));
        Assert.Equal(before, Files(artifacts));
    }

    private static IReadOnlyList<string> Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static byte[] Damaged(byte[] zip, Random random)
    {
        switch (random.Next(10))
        {
            case 0:
                return zip[..random.Next(zip.Length)];
            case 1:
                var flipped = (byte[])zip.Clone();
                for (var i = random.Next(1, 20); i > 0; i--)
                {
                    flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
                }

                return flipped;
        }

        var files = BundleFiles.Read(zip);
        files[RunBundle.RunFile] = Damage.Json(random, JsonNode.Parse(files[RunBundle.RunFile])!);
        return BundleFiles.Write(files);
    }
}
