using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Security;

/// <summary>What people enter, through the services that every way in ends at, and through the HTTP API.</summary>
public sealed class EnteredTextTests
{
    // By number: halves of pairs do not survive as arguments of a test.
    private static readonly string[] Bad = ["x\0", "\u202Ex", "x\uD83D", new('x', 900_000)];

    private static readonly Dictionary<string, Func<IServiceProvider, string, Task>> Doors = new()
    {
        ["run"] = (services, text) => Desk(services).Submit(TinySpec.Short with { Name = text }),
        ["study"] = (services, text) => Desk(services).Submit(Study(text), _ => 1),
        ["question"] = (services, text) => Desk(services).Submit(Study("s") with { Question = text }, _ => 1),
        ["tags"] = (services, text) => Desk(services).Tag(RunSelection.Of(["x"]), [text], []),
        ["note"] = (services, text) => Book(services).SaveNote(new("run", "x"), text, 0),
        ["view"] = (services, text) => Book(services).SaveView(text, "/runs", "", false),
        ["dashboard"] = (services, text) => Dashboards(services).Create("x", text, "[]"),
        ["part"] = (services, text) =>
            Dashboards(services)
                .Create("x", "d", DashboardParts.Write([new() { Kind = DashboardPartKind.Text, Markdown = text }])),
        ["heading"] = (services, text) =>
            Dashboards(services)
                .Create("x", "d", DashboardParts.Write([new() { Kind = DashboardPartKind.Matrix, Title = text }])),
        ["key"] = (services, text) => services.GetRequiredService<ApiKeys>().Create(text, ApiScope.Read),
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Services_GivenWhatNoTextHolds_RefuseItInAFewWords(int which)
    {
        await using var lab = await TestLab.StartAsync();
        await using var scope = lab.Services.CreateAsyncScope();

        // JSON has no halves of pairs: in a part of a dashboard they have become the replacement character before they
        // are looked at.
        foreach (var (door, enter) in Doors.Where(door => which != 2 || door.Key is not ("part" or "heading")))
        {
            var refused = await Assert.ThrowsAsync<PersonTextException>(() => enter(scope.ServiceProvider, Bad[which]));
            Assert.True(refused.Message.Length is > 10 and < 200, door);
        }

        Assert.Equal(0, (await lab.List.ListAsync(new(), [], 0, 5)).Total);
    }

    [Fact]
    public async Task Names_InTwoForms_AreOne()
    {
        await using var lab = await TestLab.StartAsync();
        await using var scope = lab.Services.CreateAsyncScope();
        var first = await Book(scope.ServiceProvider).SaveView(" caf\u00E9 ", "/runs", "a=1", false);
        var second = await Book(scope.ServiceProvider).SaveView("cafe\u0301", "/runs", "a=2", false);

        Assert.Equal((first.Id, "caf\u00E9"), (second.Id, second.Name));
    }

    [Theory]
    [InlineData("runs")]
    [InlineData("studies")]
    public async Task Api_MemberTwice_IsAFaultThatNamesIt(string what)
    {
        var body = what == "runs" ? SpecJson.Write(TinySpec.Short) : StudySpec.Write(Study("s"));
        var (status, answer) = await Post(
            what,
            Encoding.UTF8.GetBytes(body.Replace("\"schema\"", "\"schema\": 1, \"schema\"", StringComparison.Ordinal))
        );

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains(
            answer["faults"]!.AsArray(),
            fault =>
                ((string)fault!["path"]!).EndsWith("schema", StringComparison.Ordinal)
                && ((string)fault["message"]!).Contains("more than once", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"name\":\"\\ud800\"}")]
    [InlineData("{\"seed\":1e999}")]
    [InlineData("{\"seeds\":null}")]
    public async Task Api_WhatIsNoSpec_IsAFaultAndNotAnError(string body)
    {
        foreach (var what in new[] { "runs", "studies" })
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Post(what, Encoding.UTF8.GetBytes(body))).Status);
        }
    }

    [Fact]
    public async Task Api_BytesThatAreNoText_AreAFault()
    {
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Post("runs", [0x7B, 0xFF, 0x7D])).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Post("runs", Encoding.Unicode.GetPreamble())).Status);
    }

    [Fact]
    public async Task Api_NameOfManyCharacters_IsAShortFault()
    {
        var (status, answer) = await Post(
            "runs",
            Encoding.UTF8.GetBytes(SpecJson.Write(TinySpec.Short with { Name = new string('n', 900_000) }))
        );

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "name"), (status, (string?)answer["faults"]![0]!["path"]));
        Assert.InRange(answer.ToJsonString().Length, 20, 1000);
    }

    private static RunDesk Desk(IServiceProvider services) => services.GetRequiredService<RunDesk>();

    private static Notebook Book(IServiceProvider services) => services.GetRequiredService<Notebook>();

    private static DashboardDesk Dashboards(IServiceProvider services) => services.GetRequiredService<DashboardDesk>();

    private static StudySpec Study(string name) =>
        new()
        {
            Name = name,
            Seeds = [1],
            Experiment = JsonNode.Parse(SpecJson.Write(TinySpec.Short))!.AsObject(),
        };

    private static async Task<(HttpStatusCode Status, JsonNode Answer)> Post(string what, byte[] body)
    {
        await using var lab = await TestLab.StartAsync();
        using var client = new HttpClient { BaseAddress = lab.Address };
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var answer = await client.PostAsync(new Uri("/api/v1/" + what, UriKind.Relative), content);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }
}
