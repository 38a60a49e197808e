using DeepGnn.Aggregation.Torch;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>All incoming edges of consecutive target rows, for functions that need whole rows at once.</summary>
internal sealed class RowChunk
{
    /// <summary>Values of the inputs of one chunk; a target with more edges than that is a chunk of its own.</summary>
    private const long ValuesPerChunk = 1 << 20;

    private readonly Tensor _sources;
    private readonly Tensor _edges;
    private readonly Adjacency _incoming;

    private RowChunk(Adjacency incoming, int firstRow, int rowCount, Device device)
    {
        (_incoming, FirstRow, RowCount) = (incoming, firstRow, rowCount);
        var (begin, end) = (incoming.Offsets[firstRow], incoming.Offsets[firstRow + rowCount]);
        var targets = new long[end - begin];
        for (var row = 0; row < rowCount; row++)
        {
            targets.AsSpan(incoming.Offsets[firstRow + row] - begin, incoming.Degree(firstRow + row)).Fill(row);
        }

        _sources = tensor(incoming.Neighbors.AsSpan(begin, end - begin).ToArray(), int64, device);
        _edges = tensor(incoming.Edges.AsSpan(begin, end - begin).ToArray(), int64, device);
        LocalTargets = tensor(targets, int64, device);
    }

    public int FirstRow { get; }

    public int RowCount { get; }

    /// <summary>[chunk]: each edge's target, counted from the first row.</summary>
    public Tensor LocalTargets { get; }

    /// <summary>The chunks of a graph for inputs [·, 2F]; their tensors belong to the caller's dispose scope.</summary>
    public static IEnumerable<RowChunk> Of(Graph graph, Tensor x)
    {
        var incoming = graph.Incoming;
        var edges = Math.Max(1, ValuesPerChunk / (2 * x.shape[1]));
        for (var first = 0; first < graph.NodeCount;)
        {
            var last = first + 1;
            while (last < graph.NodeCount && incoming.Offsets[last + 1] - incoming.Offsets[first] <= edges) { last++; }
            if (incoming.Offsets[last] > incoming.Offsets[first]) { yield return new RowChunk(incoming, first, last - first, x.device); }
            first = last;
        }
    }

    /// <summary>[x_i, x_j − x_i] for each edge, [chunk, 2F].</summary>
    public Tensor Inputs(Tensor x)
    {
        using var scope = NewDisposeScope();
        var own = x.narrow(0, FirstRow, RowCount).index_select(0, LocalTargets);
        return cat([own, x.index_select(0, _sources) - own], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Number of edges of each row, at least 1, [rows, 1].</summary>
    public Tensor Degrees(Tensor like) => tensor(
        Enumerable.Range(FirstRow, RowCount).Select(row => Math.Max(1, _incoming.Degree(row))).ToArray(), like.dtype, like.device).unsqueeze(1);

    /// <summary>The largest y per row and channel and the edge it came on; 0 and −1 where there is none.</summary>
    public (Tensor Largest, Tensor Edge) Max(Tensor y)
    {
        var (largest, edge) = TorchKernels.Largest(y, LocalTargets, _edges, RowCount);
        return (largest, edge);
    }

    /// <summary>d loss / d y, [chunk, F'], from the gradient g [N, F'] of the reduction.</summary>
    public Tensor Arriving(Tensor g, Tensor y, Tensor? winners, Reduction reduction)
    {
        var rows = g.narrow(0, FirstRow, RowCount);
        if (reduction == Reduction.Mean) { rows = rows / Degrees(y); }
        var arrived = rows.index_select(0, LocalTargets);
        if (reduction != Reduction.Max) { return arrived; }
        return arrived * winners!.narrow(0, FirstRow, RowCount).index_select(0, LocalTargets).eq(_edges.unsqueeze(1));
    }

    /// <summary>Adds the gradient of <see cref="Inputs"/> to the gradient of x.</summary>
    public void AddTo(Tensor nodes, Tensor inputs)
    {
        var half = inputs.shape[1] / 2;
        var (own, relative) = (inputs.narrow(1, 0, half), inputs.narrow(1, half, half));
        nodes.narrow(0, FirstRow, RowCount).index_add_(0, LocalTargets, own - relative, 1);
        nodes.index_add_(0, _sources, relative, 1);
    }
}
