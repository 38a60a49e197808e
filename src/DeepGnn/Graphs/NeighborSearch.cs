using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Exact nearest neighbours of each centre; the matrix of all distances is never held.</summary>
internal static class NeighborSearch
{
    /// <summary>Products held at once in many dimensions on another device: 2 Mi values, 8 MiB in float32.</summary>
    private const int ValuesPerBlock = 1 << 21;

    /// <summary>Up to here differences, exact and cheap; above, the product form, which a matrix product does fastest.</summary>
    private const int FewDimensions = 16;

    /// <summary>In more dimensions a tree prunes too little.</summary>
    private const int TreeDimensions = 6;

    /// <summary>
    /// For each point those at <paramref name="ranks"/> among the nearest of its range (0: the nearest), as indices; −1 where the range has too
    /// few. Length N·ranks.
    /// </summary>
    public static int[] Nearest(Tensor points, IReadOnlyList<(int First, int Last)> ranges, int[] ranks, bool loop)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var x = points.detach();
        // Of finite values the sum alone, one pass, says so nearly always.
        if (!x.sum().isfinite().item<bool>() && !x.isfinite().all().item<bool>()) { throw new ArgumentException("points: found a value that is not finite, needed finite ones"); }
        var found = new int[checked((int)x.shape[0] * ranks.Length)];
        foreach (var (first, last) in ranges)
        {
            var all = x.narrow(0, first, last - first);
            var into = found.AsMemory(first * ranks.Length, (last - first) * ranks.Length);
            if (x.dtype == ScalarType.Float64) { Search(all, new NeighborScan<double, UInt128>(into, ranks, loop, first)); }
            else { Search(all.to(ScalarType.Float32), new NeighborScan<float, ulong>(into, ranks, loop, first)); }
        }

        return found;
    }

    private static void Search<T, TKey>(Tensor x, NeighborScan<T, TKey> scan)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TKey : unmanaged, IBinaryInteger<TKey>, IUnsignedNumber<TKey>
    {
        using var scope = NewDisposeScope();
        var (count, dimensions) = ((int)x.shape[0], (int)x.shape[1]);
        if (dimensions > FewDimensions) { ByProducts(x.contiguous(), scan); }
        else if (dimensions is >= 1 and <= TreeDimensions && count >= 1024 && scan.Ranks.Max() < count / 64) { scan.ByTree(x.contiguous().cpu()); }
        else { scan.ByDifferences(x.t().contiguous().cpu()); }
    }

    private static void ByProducts<T, TKey>(Tensor x, NeighborScan<T, TKey> scan)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TKey : unmanaged, IBinaryInteger<TKey>, IUnsignedNumber<TKey>
    {
        if (x.device_type == DeviceType.CPU)
        {
            scan.ByProducts(x, x.square().sum(dim: 1));
            return;
        }

        var count = (int)x.shape[0];
        var (columns, squares) = (x.t(), x.square().sum(dim: 1).cpu()); // [C, N], [N]
        var rows = Math.Clamp(ValuesPerBlock / count, 1, count);
        using var block = empty(rows, count, x.dtype, x.device); // one tile, written again and again
        for (var begin = 0; begin < count; begin += rows)
        {
            using var tile = NewDisposeScope();
            var taken = Math.Min(rows, count - begin);
            var products = block.narrow(0, 0, taken).addmm_(x.narrow(0, begin, taken), columns, beta: 0, alpha: 1);
            scan.ByProducts(products.cpu(), squares, begin);
        }
    }
}
