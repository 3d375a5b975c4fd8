using System.Globalization;
using System.Net;
using System.Text;
using BackdoorLab.Data;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Check;

/// <summary>
/// The report of a check: one page for people without this program. Pictures are in it, nothing is loaded, and it
/// prints.
/// </summary>
public sealed class CheckReport(RunDetailQuery results, FigureFiles figures, TimeProvider time)
{
    private const string Style = """
        :root { color-scheme: light; } * { box-sizing: border-box; }
        body { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; color: #1a2227; background: #fff; max-width: 860px; margin: 0 auto; padding: 36px 24px 60px; }
        h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.02em; } h2 { font-size: 1.1rem; margin: 30px 0 8px; } h3 { font-size: 0.95rem; margin: 18px 0 4px; }
        p { margin: 6px 0; max-width: 74ch; } .muted { color: #55616a; } .small { font-size: 0.86rem; }
        .verdict { border: 1px solid #dcd9d0; border-left: 6px solid #55616a; border-radius: 6px; padding: 14px 18px; margin: 22px 0; } .verdict strong { font-size: 1.3rem; }
        .flagged { border-left-color: #b0431a; } .flagged strong { color: #b0431a; } .not-flagged { border-left-color: #0b5563; }
        table { border-collapse: collapse; width: 100%; font-size: 0.88rem; } th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-bottom: 1px solid #dcd9d0; }
        th { font-weight: 600; color: #55616a; } td.n { font-variant-numeric: tabular-nums; } td { overflow-wrap: anywhere; }
        .gallery { display: flex; flex-wrap: wrap; gap: 12px; } figure { margin: 0; width: 104px; break-inside: avoid; } img { width: 104px; image-rendering: pixelated; border: 1px solid #dcd9d0; border-radius: 4px; }
        figcaption { font-size: 0.74rem; color: #55616a; line-height: 1.3; } @media print { body { padding: 0; } h2, h3 { break-after: avoid; } tr { break-inside: avoid; } }
        """;

    /// <summary>The page, or null where there is no such run, it is no check, or it has not ended.</summary>
    public async Task<string?> Write(string runId, CancellationToken cancellation)
    {
        if (
            await results.FindAsync(runId, cancellation) is not { Run: { Deleted: false, Ended: not null } } run
            || !RunWords.IsCheck(run.Run)
        )
        {
            return null;
        }

        var verdict = CheckVerdict.Of(run);
        var page = new StringBuilder();
        page.Append(
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            )
            .Append(
                CultureInfo.InvariantCulture,
                $"<title>{Text(RunWords.Name(run.Run))}</title><style>{Style}</style></head><body>\n<h1>{Text(RunWords.Name(run.Run))}</h1>\n"
            )
            .Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"muted\">BackdoorLab {Text(ProgramVersion.Text)}, written {Text(TimeWords.Full(time.GetUtcNow().UtcDateTime))}. Does the model carry a backdoor?</p>\n"
            )
            .Append(
                CultureInfo.InvariantCulture,
                $"<div class=\"verdict {verdict.Style}\"><strong>{Text(verdict.Title)}</strong><p>{Text(verdict.Text)}</p></div>\n"
            );
        Detectors(page, verdict);
        List(page, "What to do next", verdict.Next);
        Facts(page, run);
        List(page, "To read beside the numbers", run.Remarks);
        foreach (var detector in verdict.Detectors)
        {
            await Pictures(page, detector);
        }

        return page.Append("</body></html>\n").ToString();
    }

    private static void Detectors(StringBuilder page, CheckVerdict verdict)
    {
        page.Append(
            "<h2>Detectors</h2>\n<table><thead><tr><th>Detector</th><th>Verdict</th><th>Score</th><th>Flagged above</th><th>What it says</th></tr></thead><tbody>\n"
        );
        foreach (var one in verdict.Detectors)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Text(one.Name)}</td><td>{Text(one.Word)}</td><td class=\"n\">{Text(one.Score)}</td><td class=\"n\">{Text(one.Threshold)}</td><td>{Text(one.Sentence)}</td></tr>\n"
            );
        }

        page.Append("</tbody></table>\n");
    }

    private static void List(StringBuilder page, string title, IReadOnlyList<string> sentences)
    {
        if (sentences.Count > 0)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<h2>{title}</h2>\n<ul>{string.Concat(sentences.Select(sentence => $"<li>{Text(sentence)}</li>"))}</ul>\n"
            );
        }
    }

    private static void Facts(StringBuilder page, RunDetail run)
    {
        page.Append("<h2>The model</h2>\n<table><tbody>\n");
        foreach (var (name, value, _) in CheckFacts.Of(run))
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><th scope=\"row\">{Text(name)}</th><td>{Text(value)}</td></tr>\n"
            );
        }

        page.Append("</tbody></table>\n");
    }

    private async Task Pictures(StringBuilder page, DetectorVerdict detector)
    {
        var drawn = new List<Figure>();
        foreach (var file in detector.Cell.Artifacts.Where(file => file.Role == "figure"))
        {
            if ((await figures.Read(file)).Figure is { } figure)
            {
                drawn.Add(figure);
            }
        }

        if (drawn.Count == 0)
        {
            return;
        }

        page.Append(
            CultureInfo.InvariantCulture,
            $"<h2>{Text(detector.Name)}</h2>\n{string.Concat(detector.Cell.Notes.Select(note => $"<p class=\"small muted\">{Text(note)}</p>"))}"
        );
        foreach (var figure in drawn)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<h3>{Text(figure.Title)}</h3><p class=\"small muted\">{Text(figure.Note)}{Line(figure)}</p>\n{Drawing(figure)}\n"
            );
        }
    }

    private static string Line(Figure figure) =>
        figure is BarFigure { Threshold: { } line } ? $" The line is at {Text(Numbers.Plain(line))}." : "";

    // Bars are a table here: it prints, and needs no script.
    private static string Drawing(Figure figure) =>
        figure switch
        {
            ImageFigure gallery => $"<div class=\"gallery\">{string.Concat(gallery.Images.Select(Picture))}</div>",
            BarFigure bars => Table(bars),
            _ => "",
        };

    private static string Table(BarFigure bars)
    {
        var head = bars.Bars.Select(series => $"<th>{Text(series.Name)}</th>");
        var rows = bars.Categories.Select((name, i) => $"<tr><td>{Text(name)}</td>{string.Concat(Cells(i))}</tr>");
        return $"<table><thead><tr><th>{Text(bars.XLabel)}</th>{string.Concat(head)}</tr></thead>"
            + $"<tbody>{string.Concat(rows)}</tbody></table>";

        IEnumerable<string> Cells(int row) =>
            bars.Bars.Select(series =>
                $"<td class=\"n\">{(series.Values[row] is { } value ? Text(Numbers.Plain(value)) : "–")}</td>"
            );
    }

    private static string Picture(PixelImage image) =>
        $"<figure><img src=\"{PngImage.DataUrl(image)}\" alt=\"{Text(image.Caption)}\"><figcaption>{Text(image.Caption)}</figcaption></figure>";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
