using BackdoorLab.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>
/// A lab with sign-in on a free port: one account for each role, whose name is the role's in small letters.
/// </summary>
public sealed class GroupLab : IAsyncDisposable
{
    public const string Password = "correct horse battery";

    private GroupLab(TestLab lab) => Lab = lab;

    public TestLab Lab { get; }

    public IServiceProvider Services => Lab.Services;

    public AccountQueries Accounts => Services.GetRequiredService<AccountQueries>();

    public SampleRuns Samples => new(Lab.Services, Path.Combine(Lab.Folder, "artifacts"));

    public static async Task<GroupLab> StartAsync(
        Action<LabOptions>? settings = null,
        bool withAccounts = true,
        Action<IServiceCollection>? services = null
    )
    {
        var lab = new GroupLab(
            await TestLab.StartAsync(
                options =>
                {
                    options.Mode = LabMode.Lab;
                    options.SessionCheckSeconds = 1;
                    settings?.Invoke(options);
                },
                services ?? (_ => { })
            )
        );
        foreach (var role in withAccounts ? Enum.GetValues<LabRole>() : [])
        {
            await lab.AddAsync(Name(role), role);
        }

        return lab;
    }

    public static string Name(LabRole role) => role.ToString().ToLowerInvariant();

    public async Task AddAsync(string name, LabRole role)
    {
        await using var scope = Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<LabUser>>();
        Assert.True((await users.CreateAsync(new LabUser { UserName = name, Role = role }, Password)).Succeeded);
    }

    /// <summary>A browser without an account.</summary>
    public Visitor Visitor() => new(Lab.Address);

    /// <summary>A browser in which somebody of this role has signed in.</summary>
    public async Task<Visitor> Visitor(LabRole role)
    {
        var visitor = Visitor();
        using var answer = await visitor.SignIn(Name(role), Password);
        Assert.Equal("/", visitor.Target(answer));
        return visitor;
    }

    public ValueTask DisposeAsync() => Lab.DisposeAsync();
}
