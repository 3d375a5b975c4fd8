using System.Net;
using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Tests.Support;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Security;

/// <summary>Guessing passwords gets slow, and nothing that somebody else does keeps the right one out.</summary>
public sealed class SignInPaceTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Elsewhere = IPAddress.Parse("198.51.100.7");

    private readonly Clock _clock = new();

    [Fact]
    public void Delay_OfANameFromAnAddress_DoublesUpToItsLimitAndIsForgotten()
    {
        var pace = new SignInPace(_clock);
        var seconds = Enumerable
            .Range(0, 10)
            .Select(_ =>
            {
                var delay = pace.Delay("ada", Here).TotalSeconds;
                pace.Wrong("ADA", Here);
                return delay;
            });

        Assert.Equal([0, 0, 0, 0, 1, 2, 4, 8, 15, 15], seconds);
        Assert.Equal(0, pace.Delay("ada", Elsewhere).TotalSeconds);
        Assert.Equal(0, pace.Delay("ben", Here).TotalSeconds);
        _clock.Now += TimeSpan.FromMinutes(15);
        Assert.Equal(0, pace.Delay("ada", Here).TotalSeconds);
    }

    [Fact]
    public void Delay_OfANameThatManyAddressesTry_StaysShortForItsOwner()
    {
        var pace = new SignInPace(_clock);
        for (var i = 0; i < 5000; i++)
        {
            pace.Wrong("ada", new IPAddress([10, 0, (byte)(i / 250), (byte)(i % 250)]));
        }

        Assert.Equal(5, pace.Delay("ada", Here).TotalSeconds);
    }

    [Fact]
    public void Delay_OfAnAddressThatTriesManyNames_Grows()
    {
        var pace = new SignInPace(_clock);
        for (var i = 0; i < 40; i++)
        {
            pace.Wrong($"user{i}", Here);
        }

        Assert.Equal(10, pace.Delay("another", Here).TotalSeconds);
        Assert.Equal(0, pace.Delay("another", Elsewhere).TotalSeconds);
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public void Place_OfAddresses_IsTheNetworkOfOnePerson(string one, string other, bool same) =>
        Assert.Equal(same, SignInPace.Place(IPAddress.Parse(one)) == SignInPace.Place(IPAddress.Parse(other)));

    [Fact]
    public async Task Enter_MoreThanMayWait_IsTurnedAwayUntilOneLeaves()
    {
        var pace = new SignInPace(_clock);
        var seats = new List<IDisposable?>();
        for (var i = 0; i < 9; i++)
        {
            seats.Add(await pace.Enter("ada", Here, default));
        }

        Assert.Null(seats[8]);
        Assert.NotNull(await pace.Enter("ada", Elsewhere, default));
        seats[0]!.Dispose();
        Assert.NotNull(await pace.Enter("ada", Here, default));
    }

    [Fact]
    public async Task RightPassword_AfterManyWrongOnes_ComesIn()
    {
        await using var lab = await GroupLab.StartAsync(services: services =>
            services.AddSingleton(new SignInPace(_clock))
        );
        using var stranger = lab.Visitor();
        for (var i = 0; i < 12; i++)
        {
            using var wrong = await stranger.SignIn("viewer", $"guess number {i}");
            Assert.Equal(HttpStatusCode.OK, wrong.StatusCode);
        }

        using var owner = lab.Visitor();
        using var right = await owner.SignIn("viewer", GroupLab.Password);

        Assert.Equal("/", owner.Target(right));
        Assert.Equal(HttpStatusCode.OK, await owner.Status("/runs"));
        Assert.Equal([1, 2, 4, 8, 15, 15, 15, 15, 15], _clock.Waited.Select(wait => wait.TotalSeconds));
        Assert.Equal(
            12,
            (await lab.Services.GetRequiredService<AuditLog>().ListAsync("nobody", "viewer", 0, 50)).Total
        );
    }

    [Fact]
    public async Task Attempt_ForAnyName_VerifiesOnePassword()
    {
        var hasher = new Counting();
        await using var lab = await GroupLab.StartAsync(services: services =>
            services.AddSingleton<IPasswordHasher<LabUser>>(hasher)
        );
        await SignInTests.AsAdmin(
            lab,
            async accounts =>
            {
                await accounts.SetDisabled("researcher", true);
                await accounts.Create("invited", LabRole.Viewer);
            }
        );
        using var visitor = lab.Visitor();

        var counts = new List<int>();
        foreach (
            var name in new[]
            {
                "viewer",
                "nobody-here",
                "researcher",
                "invited",
                "",
                new string('x', 5000),
                "viewer",
                "viewer",
                "viewer",
                "viewer",
            }
        )
        {
            hasher.Verified = 0;
            using var answer = await visitor.SignIn(name, "some password");
            counts.Add(hasher.Verified);
        }

        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task Api_AskedTooMuch_AnswersWhenToComeAgain()
    {
        await using var lab = await GroupLab.StartAsync(services: services =>
            services.AddSingleton(new RequestLimits { ApiBurst = 3, ApiPerSecond = 1 })
        );
        using var one = await lab.Visitor(LabRole.Viewer);
        using var other = await lab.Visitor(LabRole.Researcher);

        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 30; i++)
        {
            answers.Add(await one.Get("/api/v1/runs"));
        }

        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.True(refused.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Contains("Try again in", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, answers[0].StatusCode);
        Assert.Equal(HttpStatusCode.OK, await other.Status("/api/v1/runs"));
        Assert.Equal(HttpStatusCode.OK, await one.Status("/runs"));
        answers.ForEach(answer => answer.Dispose());
    }

    [Fact]
    public async Task Uploads_MoreThanTheLimit_AreRefusedBeforeTheyAreRead()
    {
        await using var lab = await GroupLab.StartAsync(services: services =>
            services.AddSingleton(new RequestLimits { Uploads = 2 })
        );
        using var visitor = await lab.Visitor(LabRole.Researcher);

        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++)
        {
            using var answer = await visitor.Client.PostAsync(
                new Uri("/models?name=x.pth", UriKind.Relative),
                new ByteArrayContent([1])
            );
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal([HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.TooManyRequests], statuses);
    }

    private sealed class Counting : PasswordHasher<LabUser>
    {
        public int Verified { get; set; }

        public override PasswordVerificationResult VerifyHashedPassword(
            LabUser user,
            string hashedPassword,
            string providedPassword
        )
        {
            Verified++;
            return base.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }

    /// <summary>Stands still, and lets nobody wait but remembers how long they would have.</summary>
    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public List<TimeSpan> Waited { get; } = [];

        public override DateTimeOffset GetUtcNow() => Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waited.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
