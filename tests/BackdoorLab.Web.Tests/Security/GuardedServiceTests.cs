using System.Reflection;
using System.Security.Claims;
using BackdoorLab.Data;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Security;

/// <summary>The lock is in the services: whoever gets past the pages still meets it.</summary>
public sealed class GuardedServiceTests
{
    // Whatever writes an audit line changes something for somebody, in whichever room it stands.
    private static readonly Type[] Guarded =
    [
        .. typeof(RunDesk).Assembly.GetTypes().Where(type => Parameters(type).Contains(typeof(Audit))),
    ];

    // What a viewer may do with their own.
    private static readonly string[] ForViewers = ["ApiKeys.Own", "ApiKeys.Create", "ApiKeys.Revoke"];

    // The link's code is the right to do it.
    private static readonly string[] ByLink = ["AccountDesk.TakeUp"];

    public static TheoryData<string> Methods =>
        [.. from type in Guarded from method in Public(type) select Signature(method)];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Service_AskedByTheWrongRole_Refuses(string name)
    {
        await using var lab = await GroupLab.StartAsync(withAccounts: false);
        var plain = name.Split('(')[0];
        if (ByLink.Contains(plain))
        {
            return;
        }

        await Refuses(lab, name, null);
        if (!ForViewers.Contains(plain))
        {
            await Refuses(lab, name, LabRole.Viewer);
        }

        if (
            plain.StartsWith("AccountDesk.", StringComparison.Ordinal)
            || plain.EndsWith(".All", StringComparison.Ordinal)
            || plain is "RunDesk.Purge" or "RunDesk.FreedByPurge"
        )
        {
            await Refuses(lab, name, LabRole.Researcher);
        }
    }

    [Fact]
    public void Guarded_Services_AreFound()
    {
        string[] some =
        [
            "AccountDesk",
            "ApiKeys",
            "DashboardDesk",
            "ModelDesk",
            "Notebook",
            "ReferenceDesk",
            "RunDesk",
            "Shares",
        ];

        Assert.Empty(some.Except(Guarded.Select(type => type.Name)));
    }

    [Fact]
    public void PagesAndApi_OfAnyKind_ChangeRunsOnlyThroughTheDesk()
    {
        Type[] unguarded =
        [
            typeof(RunQueue),
            typeof(RunStore),
            typeof(RunLeases),
            typeof(RunRecording),
            typeof(RunImport),
            typeof(RunBulk),
            typeof(StudyStore),
            typeof(ApiKeyStore),
            typeof(BundleReader),
        ];
        string[] rooms = ["BackdoorLab.Web.Features", "BackdoorLab.Web.Shared", "BackdoorLab.Web.Api"];
        var types = typeof(RunDesk)
            .Assembly.GetTypes()
            .Where(type => rooms.Any(room => type.Namespace?.StartsWith(room, StringComparison.Ordinal) == true));

        var faults =
            from type in types
            from used in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Select(property => property.PropertyType)
                .Concat(
                    type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
                        .SelectMany(method => method.GetParameters())
                        .Select(parameter => parameter.ParameterType)
                )
                .Concat(Parameters(type))
            where unguarded.Contains(used)
            select $"{type.Name} uses {used.Name}";

        Assert.Empty(faults);
    }

    [Fact]
    public void Pages_OfAnyKind_SayWhoMaySeeThem()
    {
        var pages = typeof(RunDesk)
            .Assembly.GetTypes()
            .Where(type => type.GetCustomAttributes<RouteAttribute>().Any())
            .ToList();

        Assert.NotEmpty(pages);
        Assert.DoesNotContain(
            pages,
            page => !page.GetCustomAttributes().Any(attribute => attribute is IAuthorizeData or IAllowAnonymous)
        );
    }

    [Fact]
    public async Task Actor_InALocalLab_MayDoAll()
    {
        await using var lab = await TestLab.StartAsync();
        await using var scope = lab.Services.CreateAsyncScope();
        var actor = scope.ServiceProvider.GetRequiredService<Actor>();

        Assert.Equal(("local", LabRole.Admin, ""), (actor.Name, actor.Role, actor.Owner));
        actor.Require(LabRole.Admin);
    }

    private static async Task Refuses(GroupLab lab, string name, LabRole? role)
    {
        await using var scope = lab.Services.CreateAsyncScope();
        var actor = scope.ServiceProvider.GetRequiredService<Actor>();
        if (role is { } given)
        {
            actor.Set(
                new ClaimsPrincipal(
                    new ClaimsIdentity([new(ClaimTypes.Name, "eve"), new(ClaimTypes.Role, given.ToString())], "test")
                )
            );
        }

        var type = Guarded.Single(type => name.StartsWith(type.Name + ".", StringComparison.Ordinal));
        var method = Public(type).Single(method => Signature(method) == name);
        var arguments = method.GetParameters().Select(parameter => Sample(parameter.ParameterType)).ToArray();
        await Assert.ThrowsAsync<NotAllowedException>(async () =>
        {
            try
            {
                await (Task)method.Invoke(scope.ServiceProvider.GetRequiredService(type), arguments)!;
            }
            catch (TargetInvocationException thrown) when (thrown.InnerException is NotAllowedException inner)
            {
                throw inner;
            }
        });
    }

    private static IEnumerable<Type> Parameters(Type type) =>
        type.GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .Select(parameter => parameter.ParameterType);

    private static string Signature(MethodInfo method) =>
        $"{method.DeclaringType!.Name}.{method.Name}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))})";

    private static IEnumerable<MethodInfo> Public(Type type) =>
        type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly);

    private static object? Sample(Type type) =>
        type == typeof(string) ? "x"
        : type.IsAssignableFrom(typeof(string[])) ? new[] { "x" }
        : type.IsValueType ? Activator.CreateInstance(type)
        : null;
}
