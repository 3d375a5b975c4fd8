using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Features.Compare;
using BackdoorLab.Web.Features.Leaderboard;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;
using BackdoorLab.Web.Tests.Features.Leaderboard;
using BackdoorLab.Web.Tests.Features.Studies;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Documents;

/// <summary>Every document that leaves the lab, whole, as it was last read by a person.</summary>
public sealed partial class ApprovedExportTests : IAsyncLifetime
{
    private const string Link = "http://lab.example/page?a=b&c=10%25";

    private static readonly DateTime At = new(2026, 11, 25, 23, 0, 0, DateTimeKind.Utc);

    private readonly LabContext _lab = new();
    private readonly FixedClock _clock = new();

    public ApprovedExportTests() => _lab.Services.AddSingleton<TimeProvider>(_clock);

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Theory]
    [InlineData("runs.csv")]
    [InlineData("runs.json")]
    [InlineData("numbers.csv")]
    [InlineData("runs.tex")]
    [InlineData("runs.md")]
    public async Task Runs_AreAsApproved(string file)
    {
        var ids = await Runs();
        Approved.Check(file, Stable(await Export(file, new RunListState { Query = "-tag:old" }), ids));
    }

    [Theory]
    [InlineData("runs.tex", "groups.tex")]
    [InlineData("runs.md", "groups.md")]
    public async Task Groups_AreAsApproved(string file, string approved)
    {
        var ids = await Runs("a name of all");
        Approved.Check(
            approved,
            Stable(await Export(file, new RunListState { Group = RunGrouping.Configuration }), ids)
        );
    }

    [Fact]
    public async Task Cells_AreAsApproved()
    {
        var ids = await Runs();
        Approved.Check(
            "cells.csv",
            Stable(CellsCsv.Write((await _lab.Services.GetRequiredService<RunDetailQuery>().FindAsync(ids[0]))!), ids)
        );
    }

    [Fact]
    public async Task Comparison_IsAsApproved()
    {
        var ids = await Runs();
        CompareView view = new(
            await _lab.Services.GetRequiredService<CompareQuery>().ReadAsync(ids),
            ids[0],
            Victim.Backdoored,
            "float32",
            all: false
        );

        Approved.Check("compare.csv", Stable(CompareExport.WriteCsv(view), ids));
        Approved.Check("compare.json", Stable(CompareExport.WriteJson(view, Link, At), ids));
        Approved.Check("compare.tex", CompareExport.Table(view, Link, At).Latex());
        Approved.Check("compare.md", CompareExport.Table(view, Link, At).Markdown());
    }

    [Fact]
    public void Board_IsAsApproved()
    {
        var view = BoardExportTests.View();

        Approved.Check("board.csv", BoardExport.WriteCsv(view));
        Approved.Check("board.json", BoardExport.WriteJson(view, Link, At));
        Approved.Check("board.tex", BoardExport.Table(view, twins: true, Link, At).Latex());
        Approved.Check("board.md", BoardExport.Table(view, twins: true, Link, At).Markdown());
    }

    [Fact]
    public void Study_IsAsApproved()
    {
        var report = SampleStudies.Whole();
        var setting = SampleStudies.WithParticulars();

        Approved.Check("study.csv", StudyCsv.Write(report));
        var few = report with
        {
            Settings = [report.Settings[0] with { Cells = [.. report.Settings[0].Cells.Take(5)] }],
        };
        Approved.Check("study.json", JsonSerializer.Serialize(few, SpecJson.Indented));
        Approved.Check("study.tex", StudyLatex.Write(setting.Title, setting, Metric.DetectionRate, released: false));
        Approved.Check(
            "study-released.tex",
            StudyLatex.Write(setting.Title, setting, Metric.DetectionRate, released: true)
        );
    }

    [Theory]
    [InlineData(true, "check-flagged.html")]
    [InlineData(null, "check-not-applicable.html")]
    public async Task CheckReport_IsAsApproved(bool? flagged, string approved)
    {
        var artifacts = _lab.Services.GetRequiredService<LabOptions>().ArtifactFolder;
        var id = await CheckRuns.Finished(_lab.Services, artifacts, flagged);
        var html = await _lab.Services.GetRequiredService<CheckReport>().Write(id, default);

        // How hard a picture is packed hangs on the processor.
        Approved.Check(approved, Stable(Picture().Replace(html!, "data:image/png;base64,..."), [id]));
    }

    /// <summary>
    /// Two seeds of one condition and a run that failed, a minute apart; a group is named after any of its runs.
    /// </summary>
    private async Task<IReadOnlyList<string>> Runs(string? name = null)
    {
        ExperimentSpec Spec(string own, int seed) => Presets.Demo.Spec with { Name = name ?? own, Seed = seed };
        List<string> ids = [await _lab.Samples.Finished(Spec("=first, \"50 %\" & more", 1))];
        _clock.Now = _clock.Now.AddMinutes(1);
        ids.Add(await _lab.Samples.Finished(Spec("second", 2), 0.02));
        _clock.Now = _clock.Now.AddMinutes(1);
        ids.Add(await _lab.Samples.Failed(Spec("", 3)));
        return ids;
    }

    private async Task<string> Export(string file, RunListState state)
    {
        using var target = new MemoryStream();
        var exports = _lab.Services.GetRequiredService<RunExports>();
        await exports.Write(file, new RunExport(RunSelection.All(state.Filter), state, Link), target, default);
        return Encoding.UTF8.GetString(target.ToArray());
    }

    // Ids are drawn at random; hashes change with every setting that specs get.
    private static string Stable(string text, IReadOnlyList<string> ids)
    {
        for (var i = 0; i < ids.Count; i++)
        {
            text = text.Replace(ids[i], FormattableString.Invariant($"run-{i + 1}"), StringComparison.Ordinal);
        }

        return Hash().Replace(text, "(hash)");
    }

    [GeneratedRegex("data:image/png;base64,[A-Za-z0-9+/=]+")]
    private static partial Regex Picture();

    [GeneratedRegex(@"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{16,64}\b")]
    private static partial Regex Hash();

    private sealed class FixedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = At;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
