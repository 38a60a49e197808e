namespace Web.Components.Charts;

/// <summary>A line of a chart: told apart by colour and by dashes.</summary>
/// <param name="Name">As the legend has it.</param>
/// <param name="Color">A name of the chart module's palette: "train", "valid", "test" or "a" to "f".</param>
/// <param name="Dash">"solid", "dashed" or "dotted".</param>
/// <param name="Symbols">Whether each point gets a mark; for few points far apart.</param>
public sealed record ChartSeries(string Name, string Color, string Dash = "solid", bool Symbols = false);
