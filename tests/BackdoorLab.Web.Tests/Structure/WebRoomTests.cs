using BackdoorLab.Engine.Tests.Structure;

namespace BackdoorLab.Web.Tests.Structure;

/// <summary>
/// Which room of the dashboard knows which, read from the compiled code. Below the features each room knows only those
/// that stand before it; features know each other by the few arrows named here and by no others.
/// </summary>
public sealed class WebRoomTests
{
    private const string Root = "BackdoorLab.Web.";
    private const string Features = "Features.";

    // From the bottom to the top; a room knows those before it. All features stand in one place: their arrows are
    // below.
    private static readonly string[] Order =
    [
        "Jobs",
        "Shared.Export",
        "Shared.Words",
        "Files",
        "Security",
        "Shared.Addresses",
        "Shared.Specs",
        "Shared.Controls",
        "Shared.Charts",
        "Shared.Layout",
        Features,
        "Api",
        "Hosting",
        "Commands",
    ];

    // Every arrow is in use: one that is not needed any more has to go.
    private static readonly Dictionary<string, string[]> Named = new()
    {
        ["Compare"] = ["Sharing"],
        ["Leaderboard"] = ["Views"],
        ["Overview"] = ["Views"],
        ["Queue"] = ["Runs"],
        ["Runs"] = ["Check", "Sharing", "Views"],
        ["Studies"] = ["RunForm", "Sharing"],
        ["Views"] = ["Sharing"],
        ["Visitors"] = ["Compare", "Runs", "Studies"],
    };

    private static readonly Lazy<IReadOnlyList<(string From, string To, string Type, string Used)>> Uses = new(() =>
        [
            .. from type in typeof(LabUrls).Assembly.GetTypes()
            let @from = Room(type)
            where @from is not null
            from used in TypeUses.Of(type)
            let to = used.Assembly == type.Assembly ? Room(used) : null
            where to is not null && to != @from
            select (@from, to, type.FullName, used.FullName),
        ]
    );

    [Fact]
    public void Rooms_OfTheDashboard_KnowThoseBelow()
    {
        var faults = Uses
            .Value.Where(use =>
                !(
                    use.From.StartsWith(Features, StringComparison.Ordinal)
                    && use.To.StartsWith(Features, StringComparison.Ordinal)
                )
            )
            .Where(use => Place(use.From) < Place(use.To))
            .Select(use =>
                $"{use.Type} of {use.From} uses {use.Used}: {use.To} stands above; move what both need down."
            )
            .Distinct();

        Assert.Empty(faults);
    }

    [Fact]
    public void Features_OfTheDashboard_KnowEachOtherByTheNamedArrowsAlone()
    {
        var found = Uses
            .Value.Where(use =>
                use.From.StartsWith(Features, StringComparison.Ordinal)
                && use.To.StartsWith(Features, StringComparison.Ordinal)
            )
            .GroupBy(use => $"{use.From[Features.Length..]} -> {use.To[Features.Length..]}")
            .ToDictionary(
                arrow => arrow.Key,
                arrow => string.Join(", ", arrow.Select(use => $"{use.Type} uses {use.Used}").Distinct().Take(3))
            );
        var named = Named.SelectMany(entry => entry.Value.Select(to => $"{entry.Key} -> {to}")).ToList();

        Assert.Empty(
            found.Keys.Except(named).Select(arrow => $"{arrow}: {found[arrow]}. Move what both need to Shared.")
        );
        Assert.Empty(named.Except(found.Keys).Select(arrow => $"{arrow} is not needed any more."));
    }

    [Fact]
    public void Features_ByTheNamedArrows_HaveNoCircle()
    {
        var open = Named.ToDictionary(entry => entry.Key, entry => entry.Value.ToHashSet());
        while (open.FirstOrDefault(entry => entry.Value.All(to => !open.ContainsKey(to))) is { Key: { } done })
        {
            open.Remove(done);
        }

        Assert.Empty(open.Keys);
    }

    [Fact]
    public void Settings_AboveTheRooms_KnowNoRoom()
    {
        var faults = typeof(LabUrls)
            .Assembly.GetTypes()
            .Where(type => type.Namespace == "BackdoorLab.Web")
            .SelectMany(type =>
                TypeUses
                    .Of(type)
                    .Where(used => used.Assembly == type.Assembly && Room(used) is not null)
                    .Select(used => $"{type.Name} uses {used.FullName}")
            );

        Assert.Empty(faults);
    }

    [Fact]
    public void TypeUses_OfAComponent_FindItsParts() =>
        Assert.Contains(
            Uses.Value,
            use =>
                use is { From: "Features.Runs", To: "Features.Check" }
                && use.Used.EndsWith(".CheckTab", StringComparison.Ordinal)
        );

    // A room that is not in the order stands below nothing: it may be used by nobody until it has a place.
    private static int Place(string room)
    {
        var place = Array.IndexOf(Order, room.StartsWith(Features, StringComparison.Ordinal) ? Features : room);
        return place >= 0
            ? place
            : throw new InvalidOperationException($"Give the room {room} a place in {nameof(WebRoomTests)}.");
    }

    private static string? Room(Type type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        if (type.Namespace is not { } space || !space.StartsWith(Root, StringComparison.Ordinal))
        {
            return null;
        }

        var parts = space[Root.Length..].Split('.');
        return parts[0] is "Features" or "Shared" && parts.Length > 1 ? $"{parts[0]}.{parts[1]}" : parts[0];
    }
}
