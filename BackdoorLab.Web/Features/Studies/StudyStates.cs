using BackdoorLab.Data;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>The states of a study's runs in words.</summary>
public static class StudyStates
{
    /// <summary>"3 of 10 done, 1 running, 6 waiting, 1 failed".</summary>
    public static string Words(StudyItem study)
    {
        (int Count, string Word)[] others =
        [
            (study.Count(RunState.Running, RunState.Cancelling), "running"),
            (study.Count(RunState.Queued), "waiting"),
            (study.Count(RunState.Interrupted), "interrupted"),
            (study.Count(RunState.Failed), "failed"),
            (study.Count(RunState.Cancelled), "cancelled"),
        ];
        return string.Join(
            ", ",
            others
                .Where(state => state.Count > 0)
                .Select(state => $"{state.Count} {state.Word}")
                .Prepend($"{study.Count(RunState.Succeeded)} of {study.Total} done")
        );
    }
}
