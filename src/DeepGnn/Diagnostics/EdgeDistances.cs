using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Diagnostics;

/// <summary>Distances of the rows at the two ends of each edge.</summary>
internal static class EdgeDistances
{
    private const long ValuesPerChunk = 1 << 20;

    /// <summary>
    /// ‖u_i − u_j‖² for each edge j → i in the order of the edge list, [E]. Differences are taken before squares: rows that are almost equal,
    /// which is what over-smoothing makes of them, lose no digits. Chunks of edges bound the memory.
    /// </summary>
    public static Tensor Squared(Tensor u, Graph graph)
    {
        using var scope = NewDisposeScope();
        var index = graph.IndexOn(u.device);
        var squares = zeros(graph.EdgeCount, u.dtype, u.device);
        var chunk = Math.Max(1, ValuesPerChunk / u.shape[1]);
        for (long first = 0; first < graph.EdgeCount; first += chunk)
        {
            using var edges = NewDisposeScope();
            var count = Math.Min(chunk, graph.EdgeCount - first);
            var apart = u.index_select(0, index.Targets.narrow(0, first, count)) - u.index_select(0, index.Sources.narrow(0, first, count));
            squares.narrow(0, first, count).copy_(apart.square().sum(dim: 1));
        }

        return squares.MoveToOuterDisposeScope();
    }
}
