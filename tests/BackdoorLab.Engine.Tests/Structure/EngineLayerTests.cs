using System.Reflection;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>Inside the engine arrows only go down: a room may use its own tier and those below it.</summary>
public sealed class EngineLayerTests
{
    private const string Root = "BackdoorLab.Engine.";

    private static readonly Dictionary<string, int> Tiers = new()
    {
        ["Core"] = 0,
        ["Statistics"] = 1,
        ["Tensors"] = 1,
        ["Models"] = 2,
        ["Datasets"] = 2,
        ["Training"] = 3,
        ["Weights"] = 3,
        ["Programs"] = 3,
        ["Evaluation"] = 3,
        ["Quantization"] = 3,
        ["Attacks"] = 3,
        ["Defenses"] = 3,
        ["Federated"] = 3,
        ["Experiments"] = 4,
        ["Studies"] = 5,
    };

    private static readonly (string From, string To, string Reason)[] ForbiddenNeighbours =
    [
        (
            "Defenses",
            "Attacks",
            "a defense must not be able to see trigger, target label or poison mask; take what it is entitled to from DefenseContext"
        ),
        ("Statistics", "Tensors", "statistics are of plain arrays; whoever needs no tensor library may use them"),
        ("Quantization", "Attacks", "a precision knows nothing of what a model was trained on"),
        ("Quantization", "Defenses", "a precision knows nothing of who will use the model"),
    ];

    [Fact]
    public void Engine_TypesOfEachRoom_UseOnlyRoomsBelow()
    {
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in typeof(Method).Assembly.GetTypes().Where(type => Room(type) is not null))
        {
            foreach (var used in TypeUses.Of(type).Where(used => used.Assembly == type.Assembly))
            {
                if (Fault(Room(type)!, Room(used)) is { } reason)
                {
                    faults.Add($"{FileOf(type)} uses {used.FullName}: {reason}.");
                }
            }
        }

        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    [Fact]
    public void Engine_EveryRoom_HasATier()
    {
        var unknown = typeof(Method)
            .Assembly.GetTypes()
            .Select(Room)
            .OfType<string>()
            .Distinct()
            .Where(room => !Tiers.ContainsKey(room));

        Assert.True(
            !unknown.Any(),
            $"Give each new room a tier in {nameof(EngineLayerTests)}: {string.Join(", ", unknown)}."
        );
    }

    [Theory]
    [InlineData("Core", "Tensors", false)]
    [InlineData("Tensors", "Statistics", true)]
    [InlineData("Statistics", "Tensors", false)]
    [InlineData("Models", "Datasets", true)]
    [InlineData("Models", "Training", false)]
    [InlineData("Defenses", "Training", true)]
    [InlineData("Defenses", "Attacks", false)]
    [InlineData("Evaluation", "Attacks", true)]
    [InlineData("Quantization", "Defenses", false)]
    [InlineData("Experiments", "Attacks", true)]
    [InlineData("Attacks", "Experiments", false)]
    public void Fault_PairOfRooms_FollowsTheTiers(string from, string to, bool allowed) =>
        Assert.Equal(allowed, Fault(from, to) is null);

    [Fact]
    public void TypeUses_MentionsOnlyInsideMethodBodies_AreFound()
    {
        var uses = TypeUses.Of(typeof(Sample));

        Assert.Contains(typeof(SeedTree), uses);
        Assert.Contains(typeof(SpecFault), uses);
        Assert.Contains(typeof(Outcome), uses);
        Assert.DoesNotContain(typeof(RunContext), uses);
    }

    private static string? Fault(string from, string? to)
    {
        if (
            to is null
            || from == to
            || !Tiers.TryGetValue(from, out var above)
            || !Tiers.TryGetValue(to, out var below)
        )
        {
            return null;
        }

        if (below > above)
        {
            return $"{from} stands below {to}; move the shared type down to {from} or the using code up";
        }

        return ForbiddenNeighbours.FirstOrDefault(pair => pair.From == from && pair.To == to).Reason;
    }

    private static string? Room(Type type)
    {
        var space = (type.DeclaringType is null ? type : Outermost(type)).Namespace;
        return space is not null && space.StartsWith(Root, StringComparison.Ordinal)
            ? space[Root.Length..].Split('.')[0]
            : null;
    }

    private static Type Outermost(Type type) => type.DeclaringType is null ? type : Outermost(type.DeclaringType);

    private static string FileOf(Type type)
    {
        var outer = Outermost(type);
        return $"{outer.Namespace!.Replace(Root, "BackdoorLab.Engine/", StringComparison.Ordinal).Replace('.', '/')}/{outer.Name.Split('`')[0]}.cs";
    }

    /// <summary>Mentions engine types in a local, a type token and a generic argument only.</summary>
    private sealed class Sample
    {
        public static object Use()
        {
            var seeds = new SeedTree(1);
            object faults = new List<SpecFault>();
            return faults is null ? seeds : typeof(Outcome);
        }
    }
}
