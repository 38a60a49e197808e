using DeepGnn.Aggregation;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Which graph of a batch each node belongs to; reductions over the nodes of each graph.</summary>
public sealed class GraphBatch
{
    private readonly int[] _graphOfNode;
    private readonly int[] _sizes;
    private readonly Lazy<Graph> _pool;

    /// <summary>Nodes of several disjoint graphs side by side.</summary>
    /// <param name="graphOfNode">Length N: each node's graph, in [0, G).</param>
    /// <param name="graphCount">G; the largest index + 1 if null.</param>
    /// <exception cref="ArgumentException">A graph index out of range.</exception>
    public GraphBatch(int[] graphOfNode, int? graphCount = null)
    {
        GraphCount = graphCount ?? (graphOfNode.Length == 0 ? 0 : graphOfNode.Max() + 1);
        _graphOfNode = graphOfNode;
        _sizes = new int[GraphCount];
        _pool = new(Pool);
        for (var i = 0; i < graphOfNode.Length; i++)
        {
            if ((uint)graphOfNode[i] >= (uint)GraphCount)
            {
                throw new ArgumentException($"node {i}: found graph {graphOfNode[i]}, needed a graph from 0 to {GraphCount - 1}");
            }

            _sizes[graphOfNode[i]]++;
        }
    }

    /// <summary>Number of graphs G.</summary>
    public int GraphCount { get; }

    /// <summary>Length N: the graph of each node.</summary>
    public IReadOnlyList<int> GraphOfNode => _graphOfNode;

    /// <summary>The same as <see cref="GraphOfNode"/>; not to be changed.</summary>
    internal int[] CloudOfRow => _graphOfNode;

    /// <summary>Whether some graph has no node.</summary>
    internal bool HasEmpty => _sizes.Contains(0);

    /// <summary>An edge from each node to the first node of its graph.</summary>
    internal Graph Pooling => _pool.Value;

    /// <summary>Number of nodes of each graph, as [G, 1], at least 1.</summary>
    public Tensor Sizes(Tensor like) => tensor(_sizes, like.dtype, like.device).clamp_min(1).unsqueeze(1);

    /// <summary>Sums of the rows of each graph: [N, D] gives [G, D].</summary>
    public Tensor Sum(Tensor x)
    {
        using var scope = NewDisposeScope();
        return zeros(GraphCount, x.shape[1], x.dtype, x.device).index_add(0, Index(x), x, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Means of the rows of each graph: [N, D] gives [G, D].</summary>
    public Tensor Mean(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (Sum(x) / Sizes(x)).MoveToOuterDisposeScope();
    }

    /// <summary>Largest values of the rows of each graph: [N, D] gives [G, D], 0 in graphs without nodes.</summary>
    public Tensor Max(Tensor x)
    {
        using var scope = NewDisposeScope();
        var largest = Aggregate.Max(x, _pool.Value); // each graph's row is that of its first node
        var first = new long[GraphCount];
        for (var i = _graphOfNode.Length - 1; i >= 0; i--) { first[_graphOfNode[i]] = i; }
        var filled = tensor(_sizes, x.dtype, x.device).clamp(0, 1).unsqueeze(1); // [G, 1]
        return (largest.index_select(0, tensor(first, int64, x.device)) * filled).MoveToOuterDisposeScope();
    }

    /// <summary>Each node gets its graph's row: [G, D] gives [N, D].</summary>
    public Tensor Spread(Tensor rows)
    {
        using var scope = NewDisposeScope();
        return rows.index_select(0, Index(rows)).MoveToOuterDisposeScope();
    }

    // An edge from each node to the first node of its graph.
    private Graph Pool()
    {
        var first = new int[GraphCount];
        for (var i = _graphOfNode.Length - 1; i >= 0; i--) { first[_graphOfNode[i]] = i; }
        return new Graph(_graphOfNode.Length, [.. Enumerable.Range(0, _graphOfNode.Length)], [.. _graphOfNode.Select(g => first[g])]);
    }

    private Tensor Index(Tensor like) => tensor(_graphOfNode, int64, like.device);
}
