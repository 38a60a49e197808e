namespace Bench;

/// <summary>How two conditions compare that were measured side by side many times, and how sure that is.</summary>
/// <param name="Value">The second condition as a multiple of the first.</param>
/// <param name="Low">Lower end of the bootstrap interval of 95 %: pairs are drawn again, with replacement, and the middle 95 % of the outcomes kept.</param>
/// <param name="High">Its upper end.</param>
internal sealed record PairedRatio(double Value, double Low, double High)
{
    private const int Resamples = 2_000;

    /// <summary>The median of the pairs' ratios: little moved by what disturbs a few of them, blind to what only a few of them cost.</summary>
    public static PairedRatio OfMedian(IReadOnlyList<(double First, double Second)> pairs) => Bootstrap(pairs, drawn =>
    {
        var ratios = Array.ConvertAll(drawn, pair => pair.Second / pair.First);
        Array.Sort(ratios);
        return (ratios[(ratios.Length - 1) / 2] + ratios[ratios.Length / 2]) / 2;
    });

    /// <summary>The ratio of the sums: everything counts, disturbances too.</summary>
    public static PairedRatio OfSums(IReadOnlyList<(double First, double Second)> pairs) =>
        Bootstrap(pairs, drawn => drawn.Sum(pair => pair.Second) / drawn.Sum(pair => pair.First));

    private static PairedRatio Bootstrap(IReadOnlyList<(double First, double Second)> pairs, Func<(double First, double Second)[], double> of)
    {
        var random = new Random(1);
        var drawn = new (double, double)[pairs.Count];
        var outcomes = new double[Resamples];
        for (var resample = 0; resample < Resamples; resample++)
        {
            for (var i = 0; i < drawn.Length; i++) { drawn[i] = pairs[random.Next(drawn.Length)]; }
            outcomes[resample] = of(drawn);
        }
        Array.Sort(outcomes);
        return new PairedRatio(of([.. pairs]), outcomes[(int)(0.025 * Resamples)], outcomes[(int)(0.975 * Resamples)]);
    }
}
