using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Features.Studies;
using BackdoorLab.Web.Shared.Specs;

namespace BackdoorLab.Web.Tests.Features.Studies;

public sealed class SweepDraftTests
{
    private static readonly MethodDescriptor BlendedAttack = MethodCatalog.Default.Find("blended")!;

    private readonly SweepDraft _draft = new(SpecDraft.From(Presets.Quick.Spec));

    [Fact]
    public void Draft_Fresh_RepeatsTheExperimentOverThreeSeeds()
    {
        var plan = StudyPlan.Make(_draft.Study!);

        Assert.Equal("3 seeds = 3 runs", _draft.Size);
        Assert.Equal([1, 2, 3], plan.Experiments.Select(spec => spec.Seed));
        Assert.All(
            plan.Experiments,
            spec =>
                Assert.Equal(
                    SpecJson.Write(Presets.Quick.Spec with { Seed = spec.Seed, Name = spec.Name }),
                    SpecJson.Write(spec)
                )
        );
    }

    [Fact]
    public void Axes_OfAttacksAndRates_MakeEveryCombinationAndKeepWhatAttacksShare()
    {
        _draft.Toggle("attack", BlendedAttack);
        _draft.SetRates("10%, 0.02, nonsense, 2%");
        _draft.SetSeeds("4-5, 9");

        var plan = StudyPlan.Make(_draft.Study!);

        Assert.Equal("2 attacks × 2 poison rates × 3 seeds = 12 runs", _draft.Size);
        Assert.Equal([0.02, 0.1], _draft.Rates);
        Assert.Equal(12, plan.Experiments.Count);
        Assert.Equal(
            ["BadNets 0.02", "BadNets 0.1", "Blended 0.02", "Blended 0.1"],
            plan.Settings.Select(setting =>
                    FormattableString.Invariant($"{setting[0].Attack.GetType().Name} {setting[0].Attack.PoisonRate}")
                )
                .Order()
        );
        Assert.All(
            plan.Experiments,
            spec => Assert.Equal(Presets.Quick.Spec.Attack.TargetLabel, spec.Attack.TargetLabel)
        );
    }

    [Fact]
    public void Axis_WithAnotherSingleMethod_ReplacesIt()
    {
        _draft.Toggle("attack", BlendedAttack);
        _draft.Toggle("attack", MethodCatalog.Default.For(Presets.Quick.Spec.Attack));

        Assert.All(StudyPlan.Make(_draft.Study!).Experiments, spec => Assert.IsType<Blended>(spec.Attack));
    }

    [Theory]
    [InlineData("5-1", "is neither a seed nor a range")]
    [InlineData("one", "is neither a seed nor a range")]
    [InlineData("", "give at least one")]
    [InlineData("1-1999, 3000-4000", "at most 2000 are allowed")]
    public void Seeds_ThatCannotBe_AreAFault(string seeds, string fault)
    {
        _draft.SetSeeds(seeds);

        Assert.Null(_draft.Study);
        Assert.Contains(fault, Assert.Single(_draft.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Axis_Emptied_AsksForAValue()
    {
        _draft.Toggle("attack", MethodCatalog.Default.For(Presets.Quick.Spec.Attack));

        Assert.Null(_draft.Study);
        Assert.Equal("attack", Assert.Single(_draft.Faults).Path);
    }
}
