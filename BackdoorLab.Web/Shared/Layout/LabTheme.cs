using MudBlazor;

namespace BackdoorLab.Web.Shared.Layout;

/// <summary>
/// Colours, type and measures of the dashboard; the same values as the custom properties in tokens.css.
/// </summary>
public static class LabTheme
{
    private static readonly string[] Sans =
    [
        "Plex Sans",
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "Helvetica Neue",
        "Arial",
        "sans-serif",
    ];

    public static MudTheme Theme { get; } =
        new()
        {
            PaletteLight = new PaletteLight
            {
                Primary = "#0b5563",
                PrimaryContrastText = "#ffffff",
                Secondary = "#b0431a",
                SecondaryContrastText = "#ffffff",
                Tertiary = "#8a5a00",
                Info = "#0b5563",
                Success = "#1f6b4a",
                Warning = "#8a5a00",
                Error = "#b0431a",
                Background = "#f5f4f0",
                BackgroundGray = "#eceae4",
                Surface = "#ffffff",
                DrawerBackground = "#f5f4f0",
                DrawerText = "#1a2227",
                DrawerIcon = "#55616a",
                AppbarBackground = "#f5f4f0ee",
                AppbarText = "#1a2227",
                TextPrimary = "#1a2227",
                TextSecondary = "#55616a",
                TextDisabled = "#8a949a",
                ActionDefault = "#55616a",
                LinesDefault = "#dcd9d0",
                LinesInputs = "#a9aeae",
                TableLines = "#dcd9d0",
                TableHover = "#0b55630f",
                Divider = "#dcd9d0",
                DividerLight = "#eceae4",
            },
            PaletteDark = new PaletteDark
            {
                Black = "#0b0f12",
                Primary = "#63c3d1",
                PrimaryContrastText = "#08171b",
                Secondary = "#f2945f",
                SecondaryContrastText = "#1c0f07",
                Tertiary = "#e8bd62",
                Info = "#63c3d1",
                InfoContrastText = "#08171b",
                Success = "#7cc9a0",
                SuccessContrastText = "#08171b",
                Warning = "#e8bd62",
                WarningContrastText = "#1c1507",
                Error = "#f2945f",
                ErrorContrastText = "#1c0f07",
                Background = "#0f1417",
                BackgroundGray = "#1f272c",
                Surface = "#171d21",
                DrawerBackground = "#0f1417",
                DrawerText = "#e5eaec",
                DrawerIcon = "#9eacb4",
                AppbarBackground = "#0f1417ee",
                AppbarText = "#e5eaec",
                TextPrimary = "#e5eaec",
                TextSecondary = "#9eacb4",
                TextDisabled = "#66747c",
                ActionDefault = "#9eacb4",
                LinesDefault = "#2b353b",
                LinesInputs = "#55636b",
                TableLines = "#2b353b",
                TableHover = "#63c3d114",
                Divider = "#2b353b",
                DividerLight = "#1f272c",
            },
            LayoutProperties = new LayoutProperties
            {
                DefaultBorderRadius = "7px",
                DrawerWidthLeft = "228px",
                AppbarHeight = "56px",
            },
            Typography = new Typography
            {
                Default = new DefaultTypography
                {
                    FontFamily = Sans,
                    FontSize = ".93rem",
                    LineHeight = "1.5",
                    LetterSpacing = "0",
                },
                Button = new ButtonTypography
                {
                    FontFamily = Sans,
                    FontSize = ".88rem",
                    FontWeight = "500",
                    LetterSpacing = "0",
                    TextTransform = "none",
                },
                Body1 = new Body1Typography
                {
                    FontFamily = Sans,
                    FontSize = ".93rem",
                    LineHeight = "1.5",
                    LetterSpacing = "0",
                },
                Body2 = new Body2Typography
                {
                    FontFamily = Sans,
                    FontSize = ".88rem",
                    LineHeight = "1.45",
                    LetterSpacing = "0",
                },
                H6 = new H6Typography
                {
                    FontFamily = Sans,
                    FontSize = "1.05rem",
                    FontWeight = "600",
                    LetterSpacing = "-.01em",
                },
            },
        };
}
