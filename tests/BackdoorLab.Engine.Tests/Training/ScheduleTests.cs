using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Tests.Training;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData(ScheduleKind.OneCycle, 0, 0.5)]
    [InlineData(ScheduleKind.OneCycle, 1, 1.0)]
    [InlineData(ScheduleKind.OneCycle, 2, 1.0)]
    [InlineData(ScheduleKind.OneCycle, 5, 0.5)]
    [InlineData(ScheduleKind.Cosine, 0, 1.0)]
    [InlineData(ScheduleKind.Cosine, 4, 0.5)]
    [InlineData(ScheduleKind.MultiStep, 3, 1.0)]
    [InlineData(ScheduleKind.MultiStep, 4, 0.1)]
    [InlineData(ScheduleKind.MultiStep, 6, 0.01)]
    [InlineData(ScheduleKind.Constant, 7, 1.0)]
    public void Rate_OfEightSteps_FollowsTheSchedule(ScheduleKind kind, long step, double expected) =>
        Assert.Equal(expected, Schedule.Rate(kind, 1.0, step, 8), 12);
}
