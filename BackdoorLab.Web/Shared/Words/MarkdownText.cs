using Markdig;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>
/// Markdown of people as HTML that can do no harm: no raw HTML, no script addresses, no pictures from other hosts.
/// </summary>
public static class MarkdownText
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables()
        .UseTaskLists()
        .UseAutoLinks()
        .DisableHtml()
        .Build();

    private static readonly Ganss.Xss.HtmlSanitizer Sanitizer = Make();

    /// <summary>The HTML.</summary>
    public static MarkupString Html(string markdown) => new(Sanitizer.Sanitize(Markdown.ToHtml(markdown, Pipeline)));

    private static Ganss.Xss.HtmlSanitizer Make()
    {
        // The renderer escapes raw HTML already; this also takes out addresses such as javascript: from links.
        var sanitizer = new Ganss.Xss.HtmlSanitizer();
        sanitizer.AllowedTags.Remove("form");
        sanitizer.AllowedTags.Remove("input");
        sanitizer.AllowedTags.Remove("button");
        sanitizer.AllowedTags.Remove("style");
        sanitizer.AllowedAttributes.Remove("style");
        sanitizer.AllowedAttributes.Remove("class");
        sanitizer.AllowedAttributes.Remove("id");
        sanitizer.AllowedAttributes.Remove("name");
        sanitizer.AllowedSchemes.Clear();
        sanitizer.AllowedSchemes.Add("http");
        sanitizer.AllowedSchemes.Add("https");
        sanitizer.AllowedSchemes.Add("mailto");

        // A picture elsewhere would tell its host who reads the note; the content policy forbids it too.
        sanitizer.AllowedTags.Remove("img");
        sanitizer.PostProcessNode += (_, post) =>
        {
            if (post.Node is AngleSharp.Html.Dom.IHtmlAnchorElement link)
            {
                link.SetAttribute("rel", "noopener noreferrer nofollow");
            }
        };
        return sanitizer;
    }
}
