using System.Text.RegularExpressions;
using BackdoorLab.Web.Shared.Layout;
using BackdoorLab.Web.Tests.Support;
using MudBlazor;
using MudBlazor.Utilities;

namespace BackdoorLab.Web.Tests.Shared.Layout;

/// <summary>One design system: values in one file, a component's styles beside it, none in its markup.</summary>
public sealed partial class StylesheetTests
{
    private const string Tokens = "wwwroot-assets/css/tokens.css";

    public static TheoryData<string> Files => [.. Stylesheets.All().Keys];

    /// <summary>A browser drops what follows a rule that is never closed without a word.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Rules_AreClosed(string file)
    {
        var depth = 0;
        foreach (var (line, number) in Stylesheets.All()[file].Split('\n').Select((line, i) => (line, i + 1)))
        {
            // At the start of a line a rule or a block begins; both stand outside of everything else.
            Assert.True(
                depth == 0 || line.Length == 0 || line[0] is ' ' or '}',
                $"{file}, line {number}: a rule before it is not closed."
            );
            depth += line.Count(letter => letter == '{') - line.Count(letter => letter == '}');
        }

        Assert.Equal(0, depth);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void ColoursAndSizesOfType_AreTokens(string file)
    {
        if (file == Tokens)
        {
            return;
        }

        var lines = Stylesheets.All()[file].Split('\n');
        Assert.DoesNotContain(lines, line => Colour().IsMatch(line));
        Assert.DoesNotContain(lines, line => Size().IsMatch(line));
    }

    [Fact]
    public void Tokens_ThatAreUsed_AreDeclaredInTheirFile()
    {
        var declared = Declared()
            .Matches(Stylesheets.Read("tokens.css"))
            .Select(match => match.Groups[1].Value)
            .ToHashSet();
        var used = Stylesheets
            .All()
            .Values.SelectMany(text => Used().Matches(text))
            .Select(match => match.Groups[1].Value)
            .Distinct();

        // What a component computes for its own rules.
        string[] computed = ["--heat", "--share", "--columns"];
        Assert.Empty(used.Except(declared).Except(computed));
    }

    [Fact]
    public void Markup_OfComponents_HasComputedStylesAlone()
    {
        var faults =
            from component in Stylesheets.Components()
            from Match style in Style().Matches(component.Value)
            from declaration in style
                .Groups[1]
                .Value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            where !declaration.Contains('@')
            select $"{Path.GetFileName(component.Key)}: {declaration}; a class in {Path.GetFileName(component.Key)}.css or lab.css can say that.";

        Assert.Empty(faults);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Theme_OfTheComponentLibrary_HasTheSameColours(bool dark)
    {
        Palette palette = dark ? LabTheme.Theme.PaletteDark : LabTheme.Theme.PaletteLight;
        (string Token, MudColor Colour)[] pairs =
        [
            ("--lab-bg", palette.Background),
            ("--lab-surface", palette.Surface),
            ("--lab-sunken", palette.BackgroundGray),
            ("--lab-ink", palette.TextPrimary),
            ("--lab-muted", palette.TextSecondary),
            ("--lab-line", palette.LinesDefault),
            ("--lab-petrol", palette.Primary),
            ("--lab-vermilion", palette.Error),
            ("--lab-vermilion", palette.Secondary),
            ("--lab-amber", palette.Warning),
        ];
        var css = Stylesheets.Read("tokens.css");
        var own = dark
            ? css[css.IndexOf("html[data-theme", StringComparison.Ordinal)..]
            : css[..css.IndexOf("html[data-theme", StringComparison.Ordinal)];

        Assert.All(
            pairs,
            pair =>
                Assert.Contains(
                    $"{pair.Token}: {pair.Colour.ToString(MudColorOutputFormats.Hex)};",
                    own,
                    StringComparison.OrdinalIgnoreCase
                )
        );
    }

    [GeneratedRegex(@"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])|\brgba?\(|\bhsla?\(")]
    private static partial Regex Colour();

    [GeneratedRegex(@"font-size:[^;]*\d(rem|px)\b|font:[^;/]*\d(rem|px)\b")]
    private static partial Regex Size();

    [GeneratedRegex(@"^\s*(--[\w-]+):", RegexOptions.Multiline)]
    private static partial Regex Declared();

    [GeneratedRegex(@"var\((--[\w-]+)")]
    private static partial Regex Used();

    // A value may hold code with quoted strings in it.
    [GeneratedRegex(@"\s[sS]tyle=""((?:[^""@]|@\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|@[\w.]+(?:\([^)]*\))*)*)""")]
    private static partial Regex Style();
}
