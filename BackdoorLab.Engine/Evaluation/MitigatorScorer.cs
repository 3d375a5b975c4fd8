using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Scores a repair by the same measurements before and after, at the same precision. On the benign twin there is no
/// attack to remove, so only the harm is told.
/// </summary>
public static class MitigatorScorer
{
    /// <summary>Compares the repaired model with the undefended one.</summary>
    /// <param name="before">The undefended model at this precision.</param>
    /// <param name="after">The repaired model at this precision.</param>
    /// <param name="pruned">The same after the pruning phase alone, or null where the repair has none.</param>
    /// <param name="truth">Whether there was a backdoor.</param>
    /// <param name="curve">Intermediate models that the method let the evaluator observe; may be empty. Each phase has
    /// its figure.</param>
    /// <param name="own">What the method itself tells.</param>
    public static Scored Score(
        BackdoorMetrics before,
        BackdoorMetrics after,
        BackdoorMetrics? pruned,
        BackdoorTruth truth,
        IReadOnlyList<CurvePoint> curve,
        MethodReport own
    )
    {
        var sheet = new ScoreSheet();
        sheet.Add(Metric.CleanAccuracy, after.CleanAccuracy);
        sheet.Add(Metric.CleanAccuracyBefore, before.CleanAccuracy);
        var (accuracyBefore, accuracyAfter) = (before.CleanAccuracy.Value, after.CleanAccuracy.Value);
        sheet.Add(Metric.AccuracyDrop, accuracyBefore - accuracyAfter, after.CleanAccuracy.Count);
        if (pruned is not null)
        {
            sheet.Add(Metric.CleanAccuracyPruned, pruned.CleanAccuracy);
        }

        var attacked = truth.Known && before.AttackSuccessRate.IsDefined && after.AttackSuccessRate.IsDefined;
        if (attacked)
        {
            AddAttack(sheet, before, after);
            if (pruned is not null)
            {
                sheet.Add(Metric.AttackSuccessRatePruned, pruned.AttackSuccessRate);
            }
        }

        sheet.Report(own.Numbers);
        sheet.Note(own.Note);
        TargetLabelScore.NoteWeakAttack(sheet, truth);
        foreach (var phase in curve.GroupBy(point => point.Phase))
        {
            sheet.Figure(Curve([.. phase.OrderBy(point => point.Abscissa)], truth.Known, phase.Key));
        }

        foreach (var figure in own.Figures)
        {
            sheet.Figure(figure);
        }

        return sheet.ToScored();
    }

    private static void AddAttack(ScoreSheet sheet, BackdoorMetrics before, BackdoorMetrics after)
    {
        var (attackBefore, attackAfter) = (before.AttackSuccessRate.Value, after.AttackSuccessRate.Value);
        var (robustBefore, robustAfter) = (before.RobustAccuracy.Value, after.RobustAccuracy.Value);
        var (accuracyBefore, accuracyAfter) = (before.CleanAccuracy.Value, after.CleanAccuracy.Value);
        sheet.Add(Metric.AttackSuccessRate, after.AttackSuccessRate);
        sheet.Add(Metric.AttackSuccessRateBefore, before.AttackSuccessRate);
        sheet.Add(Metric.AttackSuccessRateAll, after.AttackSuccessRateAll);
        sheet.Add(Metric.AttackSuccessDrop, attackBefore - attackAfter, after.AttackSuccessRate.Count);
        sheet.Add(Metric.RobustAccuracy, after.RobustAccuracy);
        sheet.Add(Metric.RobustAccuracyBefore, before.RobustAccuracy);
        sheet.Add(
            Metric.DefenseEffectiveness,
            BackdoorMetrics.DefenseEffectiveness(attackBefore, attackAfter, accuracyBefore, accuracyAfter)
        );
        sheet.Add(
            Metric.RobustnessImprovement,
            BackdoorMetrics.RobustnessImprovement(robustBefore, robustAfter, accuracyBefore, accuracyAfter)
        );
    }

    private static LineFigure Curve(CurvePoint[] sorted, bool backdoored, string abscissa)
    {
        CurvePoint[] attacked = [.. sorted.Where(point => backdoored && point.AttackSuccessRate is not null)];
        List<Series> lines = [Line("clean accuracy", sorted, point => point.CleanAccuracy)];
        if (attacked.Length > 0)
        {
            lines.Add(Line("attack success rate", attacked, point => point.AttackSuccessRate!.Value));
        }

        var title = attacked.Length > 0 ? "Accuracy and attack success" : "Accuracy";
        return new LineFigure($"{title} against {abscissa}", abscissa, "share of test images", [.. lines])
        {
            Note = "Measured by the evaluator; the defense does not see the attack success rate.",
        };
    }

    private static Series Line(string name, CurvePoint[] points, Func<CurvePoint, double> value) =>
        new(name, [.. points.Select(point => point.Abscissa)], [.. points.Select(value)]);
}
