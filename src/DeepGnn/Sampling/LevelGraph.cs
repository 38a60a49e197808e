using DeepGnn.Graphs;

namespace DeepGnn.Sampling;

/// <summary>
/// An undirected graph with weights on nodes and edges, as one level of a multilevel partition: rows hold each neighbour once, no self-loops,
/// and an edge stands in the rows of both its ends.
/// </summary>
internal sealed record LevelGraph(int[] Offsets, int[] Neighbors, int[] Weights, int[] NodeWeights)
{
    private Rows? _rows; // lists that grew once, for the next level

    public int NodeCount => NodeWeights.Length;

    /// <summary>The finest level: nodes weigh 1, a pair of nodes the number of directed edges between them.</summary>
    public static LevelGraph Of(Graph graph)
    {
        var rows = new Rows(graph.NodeCount, graph.EdgeCount);
        for (var node = 0; node < graph.NodeCount; node++)
        {
            foreach (var side in new[] { graph.Incoming, graph.Outgoing })
            {
                for (var k = side.Offsets[node]; k < side.Offsets[node + 1]; k++) { rows.Add(node, side.Neighbors[k], 1); }
            }

            rows.End(node);
        }

        var ones = new int[graph.NodeCount];
        Array.Fill(ones, 1);
        return rows.ToGraph(ones);
    }

    /// <summary>The next coarser level: nodes of one coarse node become one, edges within it vanish, parallel ones add up.</summary>
    public LevelGraph Contracted(int[] coarseOf, int coarseCount)
    {
        var members = Adjacency.Group(coarseCount, coarseOf, [.. Enumerable.Range(0, NodeCount)]);
        var rows = _rows ?? new Rows(coarseCount, Neighbors.Length);
        rows.Begin(coarseCount);
        var weights = new int[coarseCount];
        for (var coarse = 0; coarse < coarseCount; coarse++)
        {
            for (var m = members.Offsets[coarse]; m < members.Offsets[coarse + 1]; m++)
            {
                var node = members.Neighbors[m];
                weights[coarse] += NodeWeights[node];
                for (var k = Offsets[node]; k < Offsets[node + 1]; k++) { rows.Add(coarse, coarseOf[Neighbors[k]], Weights[k]); }
            }

            rows.End(coarse);
        }

        return rows.ToGraph(weights);
    }

    /// <summary>Weights of all edges at a node together.</summary>
    public long Degree(int node)
    {
        long sum = 0;
        for (var k = Offsets[node]; k < Offsets[node + 1]; k++) { sum += Weights[k]; }
        return sum;
    }

    /// <summary>Rows under construction, first to last.</summary>
    private sealed class Rows
    {
        private readonly int[] _place; // of a neighbour in the present row; what an earlier row left lies before its start
        private readonly List<int> _neighbors;
        private readonly List<int> _weights;
        private int[] _offsets = [];

        public Rows(int count, int entries)
        {
            _place = new int[count];
            (_neighbors, _weights) = (new(entries), new(entries));
            Begin(count);
        }

        /// <summary>Forgets all rows; there are as many as before now, or fewer.</summary>
        public void Begin(int count)
        {
            _offsets = new int[count + 1];
            _place.AsSpan(..count).Fill(-1);
            _neighbors.Clear();
            _weights.Clear();
        }

        public void Add(int row, int neighbor, int weight)
        {
            if (row == neighbor) { return; }
            if (_place[neighbor] >= _offsets[row]) { _weights[_place[neighbor]] += weight; return; }
            _place[neighbor] = _neighbors.Count;
            _neighbors.Add(neighbor);
            _weights.Add(weight);
        }

        public void End(int row) => _offsets[row + 1] = _neighbors.Count;

        public LevelGraph ToGraph(int[] nodeWeights) => new(_offsets, [.. _neighbors], [.. _weights], nodeWeights) { _rows = this };
    }
}
