using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Exact nearest neighbours by a running best-k for each centre; the matrix of all distances is never held.</summary>
internal static class NeighborSearch
{
    /// <summary>Distances held at once in many dimensions: 4 Mi values, 16 MiB in float32.</summary>
    private const int ValuesPerBlock = 1 << 22;

    /// <summary>Up to here differences, exact and cheap; above, the product form, which a matrix product does fastest.</summary>
    private const int FewDimensions = 16;

    /// <summary>
    /// Nearest points of each point within its range, nearest first, as indices; −1 where the range has too few. Length N·count.
    /// </summary>
    public static int[] Nearest(Tensor points, IReadOnlyList<(int First, int Last)> ranges, int count, bool loop)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var x = points.detach();
        if (!x.isfinite().all().item<bool>()) { throw new ArgumentException("points: found a value that is not finite, needed finite ones"); }
        var found = new int[checked((int)x.shape[0] * count)];
        Array.Fill(found, -1);
        foreach (var (first, last) in ranges)
        {
            if (x.dtype == ScalarType.Float64) { Search<double>(x, first, last, found, count, loop); }
            else { Search<float>(x.to(ScalarType.Float32), first, last, found, count, loop); }
        }

        return found;
    }

    private static void Search<T>(Tensor x, int first, int last, int[] found, int count, bool loop)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        using var scope = NewDisposeScope();
        var all = x.narrow(0, first, last - first);
        if (all.shape[1] <= FewDimensions)
        {
            NeighborScan<T>.ByDifferences(all.t().contiguous().cpu(), found.AsMemory(first * count), count, loop, first);
            return;
        }

        var rows = Math.Max(1, ValuesPerBlock / (last - first));
        var squares = all.square().sum(dim: 1); // [range]
        for (var begin = first; begin < last; begin += rows)
        {
            using var block = NewDisposeScope();
            var centres = x.narrow(0, begin, Math.Min(rows, last - begin));
            // |x|² of the centre is the same for all its candidates: left out.
            var distances = (centres.matmul(all.t()) * -2).add_(squares).contiguous().cpu(); // [block, range]
            NeighborScan<T>.ByMatrix(distances, found.AsMemory(begin * count), count, loop, begin - first, first);
        }
    }
}
