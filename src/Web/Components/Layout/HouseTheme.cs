using MudBlazor;

namespace Web.Components.Layout;

/// <summary>Colours and type: calm, dense, readable; text on any ground has a contrast of at least 4.5.</summary>
public static class HouseTheme
{
    private static readonly string[] Sans = ["Inter", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "Helvetica Neue", "Arial", "sans-serif"];

    public static MudTheme Theme { get; } = new()
    {
        LayoutProperties = new() { DefaultBorderRadius = "6px" },
        Typography = new()
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = ".875rem", LineHeight = "1.45", LetterSpacing = "0" },
            Button = new ButtonTypography { FontFamily = Sans, FontSize = ".875rem", FontWeight = "600", TextTransform = "none", LetterSpacing = "0" },
            Body1 = new Body1Typography { FontFamily = Sans, FontSize = ".875rem", LineHeight = "1.45", LetterSpacing = "0" },
            Body2 = new Body2Typography { FontFamily = Sans, FontSize = ".8125rem", LineHeight = "1.4", LetterSpacing = "0" },
            Subtitle1 = new Subtitle1Typography { FontFamily = Sans, FontSize = ".875rem", LetterSpacing = "0" },
            H6 = new H6Typography { FontFamily = Sans, FontSize = "1.05rem", FontWeight = "600", LetterSpacing = "0" },
        },
        PaletteLight = new PaletteLight
        {
            Primary = "#2f5fd0", PrimaryContrastText = "#ffffff", Secondary = "#5b6577", Tertiary = "#0f7a60",
            Background = "#f6f7f9", Surface = "#ffffff", AppbarBackground = "#ffffff", AppbarText = "#1b2330",
            TextPrimary = "#1b2330", TextSecondary = "#566074", TextDisabled = "#7b8496", ActionDefault = "#566074",
            LinesDefault = "#e2e6ec", LinesInputs = "#b9c1cd", TableLines = "#e8ebf0", Divider = "#e2e6ec",
            Success = "#157347", Error = "#c02f1d", Warning = "#9a5b00", Info = "#2f5fd0",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#84a9ff", PrimaryContrastText = "#0d1420", Secondary = "#a3aec0", Tertiary = "#4fd1a5",
            Background = "#11151b", Surface = "#191f28", AppbarBackground = "#191f28", AppbarText = "#e6eaf1",
            TextPrimary = "#e6eaf1", TextSecondary = "#a0abbd", TextDisabled = "#7b8699", ActionDefault = "#a0abbd",
            LinesDefault = "#2a323e", LinesInputs = "#465163", TableLines = "#262d38", Divider = "#2a323e",
            Success = "#4cc38a", Error = "#ff8672", Warning = "#f0b35e", Info = "#84a9ff",
        },
    };
}
