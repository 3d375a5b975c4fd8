using BackdoorLab.Web.Features.Leaderboard;

namespace BackdoorLab.Web.Tests.Features.Leaderboard;

/// <summary>Published values in BackdoorBench's columns.</summary>
public sealed class ReferenceImportTests
{
    private const string Header = ",dataset,backbone,attack_name,defense_name,ratio,test_acc,test_asr,test_ra\n";

    [Fact]
    public void Import_Shares_AreKeptAndMissingOnesAreNull()
    {
        var (rows, report) = Read(
            Header
                + "0,gtsrb,preactresnet18,badnet,no defense,0.1,0.97,0.59,\n1,gtsrb,preactresnet18,blended,fp,0.01,0.9,-1.0,nan\n2,gtsrb,preactresnet18,blind,nad,0.01,,,\n"
        );

        Assert.Equal((2, 1, false, 0), (report.Kept, report.Empty, report.Percent, report.Faults.Count));
        Assert.Equal(new("gtsrb", "pre-act-res-net18", "badnets", "", 0.1, 0.97, 0.59, null, "file.csv"), rows[0]);
        Assert.Equal(
            new("gtsrb", "pre-act-res-net18", "blended", "fine-pruning", 0.01, 0.9, null, null, "file.csv"),
            rows[1]
        );
    }

    [Fact]
    public void Import_Percent_IsRecognisedByValuesAboveOne()
    {
        var (rows, report) = Read(Header + "0,cifar10,vgg19,badnet,nc,0.05,91.5,0.5,88\n");

        Assert.True(report.Percent);
        Assert.Equal((0.915, 0.005, 0.88), (rows[0].CleanAccuracy, rows[0].AttackSuccessRate, rows[0].RobustAccuracy));
    }

    [Fact]
    public void Import_UnknownNames_StayAsTheyAre()
    {
        var (rows, _) = Read(Header + "0,tiny,swin_b,\"li,ra\",i-bau,0.1,0.5,0.5,0.5\n");

        Assert.Equal(
            ("tiny-imagenet", "swin_b", "li,ra", "i-bau"),
            (rows[0].Dataset, rows[0].Model, rows[0].Attack, rows[0].Defense)
        );
    }

    [Fact]
    public void Import_Faults_NameLineAndColumn()
    {
        var (_, report) = Read(Header + "0,gtsrb,vgg19,badnet,nc,0.1,abc,0.5,0.5\n1,gtsrb,,badnet,nc,,0.1,0.5,140\n");

        Assert.Equal(
            [
                "Line 2, column test_acc: 'abc' is no number.",
                "Line 3, column backbone: is empty.",
                "Line 3, column ratio: is missing.",
                "Line 3, column test_ra: 140 is outside 0 to 100.",
            ],
            report.Faults
        );
    }

    [Theory]
    [InlineData("", "The file is empty.")]
    [InlineData(
        "dataset,attack_name\ngtsrb,badnet\n",
        "Line 1 names no column backbone, defense_name, ratio, test_acc, test_asr, test_ra; it has: dataset, attack_name."
    )]
    [InlineData(Header, "No line has a number.")]
    [InlineData(Header + "0,gtsrb,vgg19,badnet,nc,0.1,,,\n", "No line has a number.")]
    public void Import_NothingToTake_SaysWhy(string text, string fault) =>
        Assert.Equal([fault], Read(text).Report.Faults);

    private static (IReadOnlyList<ReferenceRow> Rows, ReferenceReport Report) Read(string text) =>
        ReferenceImport.Read("file.csv", new StringReader(text));
}
