using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>
/// Graphs of nearest neighbours: edges go from a neighbour to the centre, centre by centre, nearest first (ties: smaller index first).
/// Distances are Euclidean and never all held at once: a tree finds them in few dimensions, else blocks of centres meet all points of their cloud.
/// </summary>
public static class KnnGraph
{
    private static TargetsOf s_targets = new([], 0);

    /// <summary>The <paramref name="k"/> nearest points of each point within its cloud, fewer in smaller clouds.</summary>
    /// <param name="points">[N, C] float32 or float64; not differentiated.</param>
    /// <param name="k">At least 1.</param>
    /// <param name="loop">Whether a point is its own nearest neighbour.</param>
    /// <param name="clouds">The cloud of each point, rising; one cloud if null.</param>
    /// <exception cref="ArgumentException">k below 1, points not [N, C], not finite, or clouds not in order.</exception>
    public static Graph Of(Tensor points, int k, bool loop = false, GraphBatch? clouds = null)
    {
        if (k < 1) { throw new ArgumentException($"k: found {k}, needed at least 1", nameof(k)); }
        var ranges = Ranges(points, clouds);
        var found = NeighborSearch.Nearest(points, ranges, [.. Enumerable.Range(0, k)], loop);
        var targets = Targets(found.Length, k);
        if (!found.Contains(-1)) { return new Graph((int)points.shape[0], found, targets); }
        int[] kept = [.. Enumerable.Range(0, found.Length).Where(at => found[at] >= 0)];
        return new Graph((int)points.shape[0], Array.ConvertAll(kept, at => found[at]), Array.ConvertAll(kept, at => targets[at]));
    }

    /// <summary>
    /// Dilated neighbours: of the k·d nearest points (the point itself first) those at <paramref name="ranks"/>, or every d-th if null.
    /// Source: Li et al., "DeepGCNs", arXiv 1904.03751, section 3.3; deep_gcns_torch DenseDilatedKnnGraph.
    /// </summary>
    /// <param name="points">[N, C]; not differentiated.</param>
    /// <param name="k">Neighbours kept.</param>
    /// <param name="dilation">d.</param>
    /// <param name="clouds">The cloud of each point, rising; one cloud if null.</param>
    /// <param name="ranks">k ranks in [0, k·d), the same for all points.</param>
    /// <exception cref="ArgumentException">A cloud has fewer than k·d points: says both numbers.</exception>
    public static Graph Dilated(Tensor points, int k, int dilation, GraphBatch? clouds = null, IReadOnlyList<int>? ranks = null)
    {
        if (k < 1 || dilation < 1) { throw new ArgumentException($"found k {k} and dilation {dilation}, needed at least 1 each"); }
        var ranges = Ranges(points, clouds);
        var wide = checked(k * dilation);
        foreach (var (first, last) in ranges)
        {
            if (last - first < wide)
            {
                throw new ArgumentException($"cloud of {last - first} points: needed at least k·dilation = {k}·{dilation} = {wide}");
            }
        }

        int[] asked = ranks is null ? [.. Enumerable.Range(0, k).Select(r => r * dilation)] : [.. ranks];
        var sources = NeighborSearch.Nearest(points, ranges, asked, loop: true);
        return new Graph((int)points.shape[0], sources, Targets(sources.Length, k));
    }

    /// <summary>
    /// Ball query: of the <paramref name="most"/> nearest points of each point those no farther than <paramref name="radius"/>.
    /// Source: Qi et al., "PointNet++", arXiv 1706.02413, section 3.2. Differs: where more points lie in the ball, the nearest are kept rather
    /// than the first found.
    /// </summary>
    /// <param name="points">[N, C]; not differentiated.</param>
    /// <param name="radius">Above 0.</param>
    /// <param name="most">Neighbours kept at most.</param>
    /// <param name="loop">Whether a point is its own neighbour.</param>
    /// <param name="clouds">The cloud of each point, rising; one cloud if null.</param>
    public static Graph Ball(Tensor points, double radius, int most, bool loop = false, GraphBatch? clouds = null)
    {
        if (!(radius > 0)) { throw new ArgumentException($"radius: found {radius}, needed above 0", nameof(radius)); }
        var near = Of(points, most, loop, clouds);
        using var scope = NewDisposeScope();
        var x = points.detach().to(float64).cpu().contiguous().data<double>().ToArray();
        var channels = (int)points.shape[1];
        var kept = Enumerable.Range(0, near.EdgeCount).Where(e =>
        {
            var (a, b) = (near.Sources[e] * channels, near.Targets[e] * channels);
            var sum = 0.0;
            for (var c = 0; c < channels; c++) { sum += (x[a + c] - x[b + c]) * (x[a + c] - x[b + c]); }
            return sum <= radius * radius;
        }).ToArray();
        return new Graph(near.NodeCount, [.. kept.Select(e => near.Sources[e])], [.. kept.Select(e => near.Targets[e])]);
    }

    // 0 … 0, 1 … 1, …: the graphs of a network's layers have the same, and nobody changes them.
    private static int[] Targets(int edges, int k)
    {
        var last = s_targets;
        if (last.Edges.Length == edges && last.Each == k) { return last.Edges; }
        var made = new int[edges];
        for (var at = 0; at < edges; at++) { made[at] = at / k; }
        s_targets = new(made, k);
        return made;
    }

    private static List<(int First, int Last)> Ranges(Tensor points, GraphBatch? clouds)
    {
        if (points.dim() != 2) { throw new ArgumentException($"points: found shape [{string.Join(", ", points.shape)}], needed [N, C]"); }
        var count = (int)points.shape[0];
        if (clouds is null) { return [(0, count)]; }
        if (clouds.GraphOfNode.Count != count)
        {
            throw new ArgumentException($"clouds: found {clouds.GraphOfNode.Count} points, needed {count}");
        }

        var ranges = new List<(int, int)>();
        for (var first = 0; first < count;)
        {
            var last = first + 1;
            while (last < count && clouds.GraphOfNode[last] == clouds.GraphOfNode[first]) { last++; }
            if (last < count && clouds.GraphOfNode[last] < clouds.GraphOfNode[first])
            {
                throw new ArgumentException($"point {last}: found cloud {clouds.GraphOfNode[last]} after {clouds.GraphOfNode[first]}, needed rising clouds");
            }

            ranges.Add((first, last));
            first = last;
        }

        return ranges;
    }

    private sealed record TargetsOf(int[] Edges, int Each);
}
