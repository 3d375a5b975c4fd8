using System.Net;
using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Security;

[Trait("Category", "Slow")]
public sealed class SignInTests
{
    private static readonly TimeSpan SessionCheck = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task FirstAdminLink_Used_MakesTheAdminAndDies()
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var door = lab.Services.GetRequiredService<FirstAdmin>();
        var link = await door.OfferAsync();
        using var visitor = lab.Visitor();
        (string, string)[] fields = [("name", "ada"), ("password", GroupLab.Password), ("again", GroupLab.Password)];

        using (var wrong = await visitor.Get(LabUrls.FirstAdmin + "?token=wrong"))
        {
            Assert.Contains(
                "This link is not valid",
                await wrong.Content.ReadAsStringAsync(),
                StringComparison.Ordinal
            );
        }

        Assert.NotEmpty(await door.CreateAsync("wrong", "eve", GroupLab.Password));

        using (
            var unequal = await visitor.Submit(
                link!,
                ("name", "ada"),
                ("password", GroupLab.Password),
                ("again", "something else")
            )
        )
        {
            Assert.Contains("not the same", await unequal.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var made = await visitor.Submit(link!, fields))
        {
            Assert.Equal(LabUrls.Accounts, visitor.Target(made));
        }

        Assert.Equal(HttpStatusCode.OK, await visitor.Status(LabUrls.Accounts));
        Assert.Equal(LabRole.Admin, (await lab.Accounts.FindAsync("ada"))!.Role);
        Assert.Null(await door.OfferAsync());
        using var again = lab.Visitor();
        using var page = await again.Get(link!);
        Assert.Contains("This link is not valid", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_OfAnyCause_ReadsTheSame()
    {
        await using var lab = await GroupLab.StartAsync();
        await AsAdmin(lab, accounts => accounts.SetDisabled("researcher", true));
        using var visitor = lab.Visitor();

        var texts = new List<string>();
        foreach (
            var (name, password) in new[]
            {
                ("nobody-here", "some password"),
                ("viewer", "some password"),
                ("researcher", GroupLab.Password),
            }
        )
        {
            using var answer = await visitor.SignIn(name, password);
            var html = await answer.Content.ReadAsStringAsync();
            var start = html.IndexOf("error-panel", StringComparison.Ordinal);
            texts.Add(html[start..html.IndexOf("</form>", start, StringComparison.Ordinal)].Split("<form")[0]);
        }

        Assert.Single(texts.Distinct());
    }

    [Fact]
    public async Task Session_OfADisabledUser_Ends()
    {
        var clock = new AheadClock();
        await using var lab = await WithClock(clock);
        using var visitor = await lab.Visitor(LabRole.Researcher);
        Assert.Equal(HttpStatusCode.OK, await visitor.Status("/runs"));

        await AsAdmin(lab, accounts => accounts.SetDisabled("researcher", true));
        clock.Ahead = 2 * SessionCheck;

        Assert.Equal(HttpStatusCode.Redirect, await visitor.Status("/runs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await visitor.Status("/api/v1/runs"));
    }

    [Fact]
    public async Task LastAdmin_CannotBeDisabledDemotedOrReset()
    {
        await using var lab = await GroupLab.StartAsync();
        await AsAdmin(
            lab,
            async accounts =>
            {
                Assert.False(await accounts.SetDisabled("admin", true));
                Assert.False(await accounts.SetRole("admin", LabRole.Viewer));
                Assert.Null(await accounts.Reset("admin"));
                Assert.True(await accounts.SetRole("viewer", LabRole.Admin));
                Assert.True(await accounts.SetRole("admin", LabRole.Viewer));
            }
        );
        Assert.Equal(1, await lab.Accounts.CountAdminsAsync());
    }

    [Fact]
    public async Task Invitation_TakenUp_SignsInAndDies()
    {
        await using var lab = await GroupLab.StartAsync();
        string? link = null;
        await AsAdmin(lab, async accounts => link = (await accounts.Create("new.person", LabRole.Viewer)).Invitation);
        using var visitor = lab.Visitor();

        using (var weak = await visitor.Submit(link!, ("password", "short"), ("again", "short")))
        {
            Assert.Contains("at least 10", await weak.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var set = await visitor.Submit(link!, ("password", GroupLab.Password), ("again", GroupLab.Password)))
        {
            Assert.Equal("/", visitor.Target(set));
        }

        Assert.Equal(HttpStatusCode.OK, await visitor.Status("/runs"));
        using var again = await lab.Visitor()
            .Submit(link!, ("password", "another password"), ("again", "another password"));
        Assert.Contains("has been used", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("local")]
    [InlineData("x")]
    [InlineData("<script>")]
    [InlineData("VIEWER")]
    public async Task Account_NameThatCannotBe_IsRefusedWithReason(string name)
    {
        await using var lab = await GroupLab.StartAsync();
        await AsAdmin(
            lab,
            async accounts =>
            {
                var (invitation, faults) = await accounts.Create(name, LabRole.Viewer);
                Assert.Null(invitation);
                Assert.NotEmpty(faults);
            }
        );
    }

    [Fact]
    public async Task Password_Changed_EndsOtherSessionsAndKeepsThisOne()
    {
        var clock = new AheadClock();
        await using var lab = await WithClock(clock);
        using var here = await lab.Visitor(LabRole.Viewer);
        using var elsewhere = await lab.Visitor(LabRole.Viewer);

        using var changed = await here.Submit(
            LabUrls.ChangePassword,
            ("old", GroupLab.Password),
            ("password", "quite another one"),
            ("again", "quite another one")
        );
        clock.Ahead = 2 * SessionCheck;

        Assert.Equal(LabUrls.Account, here.Target(changed));
        Assert.Equal(HttpStatusCode.OK, await here.Status("/runs"));
        Assert.Equal(HttpStatusCode.Redirect, await elsewhere.Status("/runs"));
    }

    [Fact]
    public async Task SignOut_Sent_EndsTheSession()
    {
        await using var lab = await GroupLab.StartAsync();
        using var visitor = await lab.Visitor(LabRole.Viewer);

        using var answer = await visitor.Submit(LabUrls.SignOut);

        Assert.Equal(LabUrls.SignIn, visitor.Target(answer));
        Assert.Equal(HttpStatusCode.Redirect, await visitor.Status("/"));
    }

    internal static async Task AsAdmin(GroupLab lab, Func<AccountDesk, Task> act)
    {
        await using var scope = lab.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<Actor>().Set(LabClaims.Principal("admin", LabRole.Admin, "test"));
        await act(scope.ServiceProvider.GetRequiredService<AccountDesk>());
    }

    private static Task<GroupLab> WithClock(TimeProvider clock) =>
        GroupLab.StartAsync(
            options => options.SessionCheckSeconds = (int)SessionCheck.TotalSeconds,
            services: services => services.AddSingleton(clock)
        );
}
