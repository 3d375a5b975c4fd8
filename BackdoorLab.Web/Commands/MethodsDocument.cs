using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// The catalog as the page <c>docs/methods.md</c>: what each method is, its paper, where it differs, its parameters.
/// </summary>
internal static class MethodsDocument
{
    private const string Head = """
        # Methods

        Everything the lab can combine, with the ids and parameter names that specs use. Defaults are the papers'.
        This page is made from the methods themselves by `BackdoorLab.Web methods --markdown docs/methods.md`: what is wrong here is mended there.

        """;

    /// <summary>The document, with line feeds on every platform.</summary>
    internal static string Write(MethodCatalog catalog)
    {
        var kinds = catalog.Listed.GroupBy(method => method.Kind).OrderBy(kind => KindWords.Place(kind.Key)).ToList();
        var text = new StringBuilder(Head).Append('\n');
        foreach (var kind in kinds)
        {
            text.Append($"- [{KindWords.Plural(kind.Key)}](#{Anchor(KindWords.Plural(kind.Key))}): ")
                .AppendJoin(", ", kind.Select(method => $"`{method.Id}`"))
                .Append('\n');
        }

        foreach (var kind in kinds)
        {
            text.Append($"\n## {KindWords.Plural(kind.Key)}\n\n{KindWords.About(kind.Key)}\n");
            foreach (var method in kind)
            {
                Method(text, method);
            }
        }

        text.Append("\n## Presets\n\n");
        foreach (var preset in Presets.All)
        {
            text.Append($"- `{preset.Id}` {MarkdownSource.Of(preset.Name)}: {MarkdownSource.Of(preset.Description)}\n");
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static void Method(StringBuilder text, MethodDescriptor method)
    {
        text.Append($"\n### {MarkdownSource.Of(method.Name)} (`{method.Id}`)\n");
        Paragraph(text, "", method.Attribute.Summary);
        Paragraph(text, "Paper: ", method.Attribute.Paper);
        Paragraph(text, "**Differs from the paper.** ", method.Attribute.Deviations);
        Paragraph(text, "", string.Join("; ", method.Traits.Select(trait => $"{trait.Axis}: {trait.Value}")));
        Table(
            text,
            ["parameter", "default", "range", "meaning"],
            method.Parameters,
            parameter =>
                [
                    $"`{parameter.Name}`",
                    MarkdownSource.Of(ParameterWords.Default(parameter)),
                    MarkdownSource.Of(ParameterWords.Range(parameter)),
                    MarkdownSource.Of(parameter.Description),
                ]
        );
        Table(
            text,
            ["number of its own", "unit", "meaning"],
            method.Numbers,
            number => [$"`{number.Id}`", Numbers.Unit(number.Unit), MarkdownSource.Of(number.Definition)]
        );
    }

    private static void Table<T>(
        StringBuilder text,
        string[] head,
        IReadOnlyCollection<T> rows,
        Func<T, IReadOnlyList<string>> cells
    )
    {
        if (rows.Count == 0)
        {
            return;
        }

        text.Append('\n').Append(MarkdownSource.Row(head)).Append(MarkdownSource.Row([.. head.Select(_ => "---")]));
        foreach (var row in rows)
        {
            text.Append(MarkdownSource.Row(cells(row)));
        }
    }

    private static void Paragraph(StringBuilder text, string lead, string words)
    {
        if (words.Length > 0)
        {
            text.Append($"\n{lead}{MarkdownSource.Of(words)}\n");
        }
    }

    // As GitHub makes the address of a heading.
    private static string Anchor(string heading) => heading.ToLowerInvariant().Replace(' ', '-');
}
