using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Engine.Tests.Studies;

public sealed class StudyTemplateTests
{
    public static TheoryData<string> Templates => [.. StudyTemplates.All.Select(template => template.Id)];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Template_WrittenAndRead_IsAStudyWithoutFaults(string id)
    {
        var spec = StudyTemplates.Find(id)!.Spec;

        var read = StudySpec.Parse(StudySpec.Write(spec));

        Assert.Equal(
            StudyPlan.Make(spec).Experiments.Select(run => run.Name),
            StudyPlan.Make(read).Experiments.Select(run => run.Name)
        );
    }
}
