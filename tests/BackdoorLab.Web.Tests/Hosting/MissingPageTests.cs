using System.Net;
using BackdoorLab.Data;
using BackdoorLab.Web.Features.Sharing;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Hosting;

/// <summary>The status of addresses that lead nowhere, and words in addresses that mean nothing.</summary>
public sealed class MissingPageTests
{
    [Theory]
    [InlineData("/runs/0123456789ab")]
    [InlineData("/runs/x?tab=log")]
    [InlineData("/studies/0123456789ab")]
    [InlineData("/dashboards/0123456789ab")]
    [InlineData("/v/0123456789ab")]
    [InlineData("/compare?ids=x,y")]
    [InlineData("/s/no-such-token")]
    [InlineData("/s/no-such-token/artifacts/abc/x.png")]
    [InlineData("/artifacts/abc/x.png")]
    [InlineData("/export/runs/0123456789ab.zip")]
    [InlineData("/nowhere")]
    public async Task Page_AboutWhatIsNotThere_IsA404WithAPage(string path)
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("<html", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_AboutWhatIsThere_IsNone()
    {
        await using var lab = await TestLab.StartAsync();
        var samples = new SampleRuns(lab.Services, Path.Combine(lab.Folder, "artifacts"));
        var (run, deleted, study) = (
            await samples.Failed(Engine.Experiments.Presets.Demo.Spec),
            await samples.Failed(Engine.Experiments.Presets.Demo.Spec),
            await samples.Study()
        );
        await lab.Bulk.DeleteAsync(RunSelection.Of([deleted]));
        await using var scope = lab.Services.CreateAsyncScope();
        var book = scope.ServiceProvider.GetRequiredService<Notebook>();
        var dashboard = await scope
            .ServiceProvider.GetRequiredService<DashboardDesk>()
            .Create(study, "d", DashboardParts.Write(DashboardParts.Usual));
        var view = await book.SaveView("v", LabUrls.Runs, "", false);
        var shared = await scope
            .ServiceProvider.GetRequiredService<Shares>()
            .Create(ShareKind.Run, [run], "r", 1, false);
        using var client = new HttpClient { BaseAddress = lab.Address };

        foreach (
            var path in new[]
            {
                LabUrls.Run(run),
                LabUrls.Run(deleted),
                LabUrls.Study(study),
                LabUrls.Dashboard(dashboard.Id),
                LabUrls.View(view.Id),
                LabUrls.Compare([run, "gone"]),
                LabUrls.Comparison,
                shared,
                "/",
                LabUrls.Queue,
            }
        )
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode}");
        }
    }

    [Theory]
    [InlineData("/api/v1/runs?state=1")]
    [InlineData("/api/v1/runs?state=%2B1")]
    [InlineData("/api/v1/runs?state=Running,Failed")]
    [InlineData("/api/v1/runs?q=state:1")]
    [InlineData("/api/v1/runs?q=state:%2B1")]
    [InlineData("/export/runs.csv?state=1")]
    [InlineData("/export/runs.csv?q=state:1")]
    public async Task State_ThatIsANumber_IsNoState(string path)
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };

        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public void List_OfAStateThatIsNone_SaysSoAndIsNotShared()
    {
        var state = RunListState.Read("?state=1&group=0&sort=2");

        Assert.Contains("no state '1'", Assert.Single(state.Faults), StringComparison.Ordinal);
        Assert.Empty(state.Filter.States);
        Assert.Null(state.Group);
        Assert.Empty(state.Sort);
        Assert.NotNull(state.NotToShare);
        Assert.Empty(RunListState.Read("?state=failed").Faults);
    }
}
