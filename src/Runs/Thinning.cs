namespace Runs;

/// <summary>Chooses among the epochs of a long run those that a chart needs: in every stretch the lowest and the highest value of each figure.</summary>
internal static class Thinning
{
    /// <summary>
    /// Places of the rows to keep, in order: at most <paramref name="most"/> where that suffices for the extremes of one stretch. First, last
    /// and <paramref name="always"/> are kept. NaN is no extreme; the first NaN or infinity of each stretch in the first column is kept, since a chart marks it.
    /// </summary>
    public static IReadOnlyList<int> Keep(IReadOnlyList<double[]> rows, int most, int? always)
    {
        if (rows.Count <= most) { return [.. Enumerable.Range(0, rows.Count)]; }

        // How many extremes coincide is not known before: as many stretches as fit.
        var stretches = Math.Max(1, most / 2);
        while (true)
        {
            var kept = Extremes(rows, stretches, always);
            if (kept.Count <= most || stretches == 1) { return kept; }
            stretches = Math.Clamp((int)((long)stretches * most / kept.Count), 1, stretches - 1);
        }
    }

    private static List<int> Extremes(IReadOnlyList<double[]> rows, int stretches, int? always)
    {
        var keep = new bool[rows.Count];
        keep[0] = keep[^1] = true;
        if (always is { } at) { keep[at] = true; }
        for (var stretch = 0; stretch < stretches; stretch++)
        {
            var (from, to) = ((int)((long)rows.Count * stretch / stretches), (int)((long)rows.Count * (stretch + 1) / stretches));
            for (var column = 0; column < rows[0].Length; column++) { KeepExtremes(rows, column, from, to, keep); }
        }
        return [.. Enumerable.Range(0, rows.Count).Where(row => keep[row])];
    }

    private static void KeepExtremes(IReadOnlyList<double[]> rows, int column, int from, int to, bool[] keep)
    {
        var (low, high, odd) = (-1, -1, -1);
        for (var row = from; row < to; row++)
        {
            var value = rows[row][column];
            if (odd < 0 && column == 0 && !double.IsFinite(value)) { odd = row; }
            if (double.IsNaN(value)) { continue; }
            if (low < 0 || value < rows[low][column]) { low = row; }
            if (high < 0 || value > rows[high][column]) { high = row; }
        }
        foreach (var row in (int[])[low, high, odd])
        {
            if (row >= 0) { keep[row] = true; }
        }
    }
}
