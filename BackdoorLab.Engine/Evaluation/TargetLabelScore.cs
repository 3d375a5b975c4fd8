using System.Globalization;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// What all detectors share: did the suspicion fall on the right label, and was there anything to find.
/// </summary>
internal static class TargetLabelScore
{
    /// <summary>
    /// The hit is judged on the one most suspicious label, not on the whole list: a method that flags every class
    /// would otherwise always be right.
    /// </summary>
    public static void AddTo(ScoreSheet sheet, BackdoorTruth truth, IReadOnlyList<int> suspected, int? top)
    {
        int? first = suspected.Count > 0 ? suspected[0] : top;
        if (suspected.Count > 0 || top is not null)
        {
            sheet.Add(Metric.SuspectedLabels, suspected.Count);
        }

        if (truth.SingleTarget is { } target && first is { } label)
        {
            sheet.Add(Metric.TargetLabelHit, label == target);
            sheet.Add(Metric.TargetLabelFlagged, suspected.Contains(target));
        }
        else if (truth.IsBackdoored == true && truth.SingleTarget is null)
        {
            sheet.Note("All-to-all: every label is a target, so there is no single one to hit.");
        }

        NoteWeakAttack(sheet, truth);
    }

    /// <summary>A defense that finds or removes nothing of an attack that never worked has not failed.</summary>
    public static void NoteWeakAttack(ScoreSheet sheet, BackdoorTruth truth)
    {
        if (truth is { IsBackdoored: true, AttackSuccessRate: < 0.5 and var rate })
        {
            var percent = rate.ToString("P0", CultureInfo.InvariantCulture);
            sheet.Note($"The attack did not take hold (attack success rate {percent}): there is little to find.");
        }
    }
}
