using System.Text.RegularExpressions;
using BackdoorLab.Engine.Tests.Structure;

namespace BackdoorLab.Data.Tests.Structure;

/// <summary>
/// Arrows between the rooms of the data project only go down, so there is no circle; rows know nobody.
/// </summary>
public sealed partial class DataRoomTests
{
    private const string Root = "BackdoorLab.Data";

    private static readonly Dictionary<string, int> Tiers = new()
    {
        ["Entities"] = 0,
        ["Configurations"] = 1,
        ["Database"] = 2,
        ["Accounts"] = 3,
        ["Conditions"] = 3,
        ["Filters"] = 3,
        ["Notes"] = 3,
        ["References"] = 3,
        ["Runs"] = 4,
        ["Sharing"] = 4,
        ["Studies"] = 5,
        ["Queries"] = 6,
        ["Migrations"] = 7,

        // What is in no room puts them together.
        [""] = 8,
    };

    [Fact]
    public void Data_TypesOfEachRoom_UseOnlyRoomsBelow()
    {
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in typeof(LabDataServices).Assembly.GetTypes())
        {
            foreach (var used in TypeUses.Of(type).Where(used => used.Assembly == type.Assembly))
            {
                if (Room(type) is { } from && Room(used) is { } to && Fault(from, to) is { } reason)
                {
                    faults.Add($"{Outermost(type).FullName} uses {used.FullName}: {reason}.");
                }
            }
        }

        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    // A constant leaves no trace in compiled code.
    [Fact]
    public void Data_UsingsOfEachFile_NameOnlyRoomsBelow()
    {
        var faults =
            from file in Repository.Files(Root, ".cs")
            let path = Repository.Relative(file).Split('/')
            where path is [_, _, _]
            from line in File.ReadLines(file)
            let room = RoomInUse().Match(line)
            where room.Success && Fault(path[1], room.Groups[1].Value) is not null
            select $"{string.Join('/', path)}: {line} {Fault(path[1], room.Groups[1].Value)}.";

        Assert.Empty(faults);
    }

    [Fact]
    public void Data_EveryRoom_HasATier()
    {
        var unknown = typeof(LabDataServices)
            .Assembly.GetTypes()
            .Select(Room)
            .OfType<string>()
            .Distinct()
            .Where(room => !Tiers.ContainsKey(room));

        Assert.True(
            !unknown.Any(),
            $"Give each new room a tier in {nameof(DataRoomTests)}: {string.Join(", ", unknown)}."
        );
    }

    [Theory]
    [InlineData("Runs", "Filters", true)]
    [InlineData("Filters", "Runs", false)]
    [InlineData("Queries", "Runs", true)]
    [InlineData("Runs", "Queries", false)]
    [InlineData("Entities", "Database", false)]
    [InlineData("Notes", "Accounts", false)]
    [InlineData("Migrations", "Conditions", true)]
    public void Fault_PairOfRooms_FollowsTheTiers(string from, string to, bool allowed) =>
        Assert.Equal(allowed, Fault(from, to) is null);

    private static string? Fault(string from, string to) =>
        from == to || Tiers.GetValueOrDefault(to) < Tiers.GetValueOrDefault(from)
            ? null
            : $"{from} does not stand above {to}; move the shared type down or the using code up";

    private static string? Room(Type type)
    {
        var space = Outermost(type).Namespace ?? "";
        return space == Root ? ""
            : space.StartsWith(Root + ".", StringComparison.Ordinal) ? space[(Root.Length + 1)..].Split('.')[0]
            : null;
    }

    private static Type Outermost(Type type) => type.DeclaringType is null ? type : Outermost(type.DeclaringType);

    [GeneratedRegex(@"^using BackdoorLab\.Data\.(\w+)")]
    private static partial Regex RoomInUse();
}
