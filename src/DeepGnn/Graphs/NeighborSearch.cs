using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Exact nearest neighbours by blocks of the distance matrix and a running best-k for each centre.</summary>
internal static class NeighborSearch
{
    /// <summary>Distances held at once: 4 Mi values, 16 MiB in float32.</summary>
    private const int ValuesPerBlock = 1 << 22;

    /// <summary>
    /// Nearest points of each point within its range, nearest first, as indices; −1 where the range has too few. Length N·count.
    /// </summary>
    public static int[] Nearest(Tensor points, IReadOnlyList<(int First, int Last)> ranges, int count, bool loop)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var x = points.detach().to(points.dtype == ScalarType.Float64 ? float64 : float32).contiguous();
        if (!x.isfinite().all().item<bool>()) { throw new ArgumentException("points: found a value that is not finite, needed finite ones"); }
        var found = new int[checked((int)x.shape[0] * count)];
        Array.Fill(found, -1);
        foreach (var (first, last) in ranges)
        {
            var rows = Math.Max(1, ValuesPerBlock / (last - first));
            for (var begin = first; begin < last; begin += rows)
            {
                SearchBlock(x, (first, last), (begin, Math.Min(last, begin + rows)), found, count, loop);
            }
        }

        return found;
    }

    private static void SearchBlock(Tensor x, (int First, int Last) range, (int First, int Last) block, int[] found, int count, bool loop)
    {
        using var scope = NewDisposeScope();
        var all = x.narrow(0, range.First, range.Last - range.First);
        var centres = x.narrow(0, block.First, block.Last - block.First);
        var distances = Distances(centres, all).to(float64).cpu(); // [block, range]
        var values = distances.data<double>().ToArray();
        var width = range.Last - range.First;
        Parallel.For(0, block.Last - block.First, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) }, r =>
        {
            var centre = block.First + r;
            var skip = loop ? -1 : centre - range.First;
            Best(values.AsSpan(r * width, width), skip, found.AsSpan(centre * count, count), range.First);
        });
    }

    // In few dimensions differences are exact and cheap; in many the product form is the fast one, as in the references.
    private static Tensor Distances(Tensor centres, Tensor all)
    {
        if (all.shape[1] <= 8)
        {
            var sum = zeros(centres.shape[0], all.shape[0], all.dtype, all.device);
            for (long c = 0; c < all.shape[1]; c++)
            {
                using var scope = NewDisposeScope();
                sum.add_((centres.select(1, c).unsqueeze(1) - all.select(1, c).unsqueeze(0)).pow_(2));
            }

            return sum;
        }

        return centres.square().sum(dim: 1, keepdim: true) + all.square().sum(dim: 1) - (2 * centres.matmul(all.t()));
    }

    private static void Best(ReadOnlySpan<double> distances, int skip, Span<int> best, int offset)
    {
        Span<double> kept = best.Length <= 512 ? stackalloc double[best.Length] : new double[best.Length];
        var count = 0;
        for (var j = 0; j < distances.Length; j++)
        {
            var distance = distances[j];
            if (j == skip || (count == best.Length && distance >= kept[count - 1])) { continue; }
            var at = count < best.Length ? count++ : count - 1;
            for (; at > 0 && kept[at - 1] > distance; at--)
            {
                kept[at] = kept[at - 1];
                best[at] = best[at - 1];
            }

            kept[at] = distance;
            best[at] = j + offset;
        }
    }
}
