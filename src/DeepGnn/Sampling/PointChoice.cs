using DeepGnn.Datasets;

namespace DeepGnn.Sampling;

/// <summary>A fixed number of points out of any number.</summary>
internal static class PointChoice
{
    /// <summary>
    /// <paramref name="wanted"/> of <paramref name="points"/> at random and in random order: none twice where there are enough; else all of
    /// them, and random ones again, as PointNet does.
    /// </summary>
    public static int[] Random(ReadOnlySpan<int> points, int wanted, SeededRandom random)
    {
        var pool = points.ToArray();
        random.Shuffle(pool);
        if (pool.Length >= wanted) { return pool[..wanted]; }
        var chosen = new int[wanted];
        pool.CopyTo(chosen, 0);
        for (var i = pool.Length; i < wanted; i++) { chosen[i] = pool[random.NextInt(pool.Length)]; }
        return chosen;
    }

    /// <summary>Point i · count / wanted for each i: spread evenly over the order of the points, repeated where there are too few.</summary>
    public static int[] Even(int count, int wanted) => [.. Enumerable.Range(0, wanted).Select(i => (int)((long)i * count / wanted))];

    /// <summary>The first <paramref name="wanted"/>, beginning again where there are too few.</summary>
    public static int[] Cyclic(IReadOnlyList<int> points, int wanted) => [.. Enumerable.Range(0, wanted).Select(i => points[i % points.Count])];
}
