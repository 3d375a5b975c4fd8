using System.Text;

namespace BackdoorLab.Web.Shared.Export;

/// <summary>Text for LaTeX.</summary>
public static class LatexText
{
    /// <summary>Text that LaTeX prints as it is.</summary>
    public static string Of(string text)
    {
        var safe = new StringBuilder();
        foreach (var letter in text)
        {
            safe.Append(
                letter switch
                {
                    '\\' => @"\textbackslash{}",
                    '~' => @"\textasciitilde{}",
                    '^' => @"\textasciicircum{}",
                    '<' => @"\textless{}",
                    '>' => @"\textgreater{}",
                    '±' => @"$\pm$",
                    '&' or '%' or '$' or '#' or '_' or '{' or '}' => "\\" + letter,
                    _ => letter.ToString(),
                }
            );
        }

        return safe.ToString();
    }

    /// <summary>An address inside <c>\url</c>, which in a caption takes no bare percent or number sign.</summary>
    public static string Address(string address) =>
        address
            .Replace("\\", "%5C", StringComparison.Ordinal)
            .Replace("{", "%7B", StringComparison.Ordinal)
            .Replace("}", "%7D", StringComparison.Ordinal)
            .Replace("%", "\\%", StringComparison.Ordinal)
            .Replace("#", "\\#", StringComparison.Ordinal);
}
