using DeepGnn.Datasets;

namespace DeepGnn.Sampling;

/// <summary>
/// Parts of a small graph grown one after the other from a random free node: the free node that adds least to the cut joins until the part
/// has its share of what was left (Karypis and Kumar 1998, section 3.2). Where a component ends, growth goes on from another free node.
/// </summary>
internal sealed class GreedyGrowing
{
    private readonly LevelGraph _graph;
    private readonly SeededRandom _random;
    private readonly int[] _partOf;
    private readonly long[] _inside; // weight of a node's edges into the growing part
    private readonly long[] _degrees;
    private readonly int[] _free;    // free nodes in a random order; those taken meanwhile are passed over
    private readonly PriorityQueue<int, long> _frontier = new();
    private int _nextFree;
    private int _left;

    private GreedyGrowing(LevelGraph graph, SeededRandom random)
    {
        (_graph, _random, _left) = (graph, random, graph.NodeCount);
        (_partOf, _inside) = (new int[graph.NodeCount], new long[graph.NodeCount]);
        Array.Fill(_partOf, -1);
        _degrees = [.. Enumerable.Range(0, graph.NodeCount).Select(graph.Degree)];
        _free = [.. Enumerable.Range(0, graph.NodeCount)];
        _random.Shuffle(_free);
    }

    /// <summary>The part of each node; P is at most the number of nodes, and no part is empty.</summary>
    public static int[] Grow(LevelGraph graph, int parts, SeededRandom random)
    {
        var growing = new GreedyGrowing(graph, random);
        var weight = graph.NodeWeights.Sum(w => (long)w);
        for (var part = 0; part < parts; part++)
        {
            var rest = parts - part - 1;
            weight -= growing.Part(part, share: (double)weight / (rest + 1), leave: rest);
        }

        return growing._partOf;
    }

    private long Part(int part, double share, int leave)
    {
        _frontier.Clear();
        Array.Clear(_inside);
        long weight = 0;
        while (_left > leave)
        {
            var node = Next();
            // The last part takes all there is; the others stop where they are nearest to their share.
            if (leave > 0 && weight > 0 && weight + (_graph.NodeWeights[node] / 2.0) > share) { break; }
            _partOf[node] = part;
            _left--;
            weight += _graph.NodeWeights[node];
            Offer(node);
        }

        return weight;
    }

    private int Next()
    {
        while (_frontier.TryDequeue(out var node, out var cost))
        {
            if (_partOf[node] < 0 && cost == Cost(node)) { return node; }
        }

        while (_partOf[_free[_nextFree]] >= 0) { _nextFree++; }
        return _free[_nextFree];
    }

    private void Offer(int node)
    {
        for (var k = _graph.Offsets[node]; k < _graph.Offsets[node + 1]; k++)
        {
            var other = _graph.Neighbors[k];
            if (_partOf[other] >= 0) { continue; }
            _inside[other] += _graph.Weights[k];
            _frontier.Enqueue(other, Cost(other));
        }
    }

    // What the cut grows by when the node joins.
    private long Cost(int node) => _degrees[node] - (2 * _inside[node]);
}
