namespace DeepGnn.Sampling;

/// <summary>
/// Moves nodes between parts to cut less. A pass moves each node at most once, always the one that gains most, also where that is a loss for
/// the moment, and takes back what came after the best state it met (Fiduccia and Mattheyses 1982, for P parts as in Karypis and Kumar 1998).
/// No part grows above the limit by it, none becomes empty.
/// </summary>
internal sealed class BoundaryRefinement
{
    private const int MostPasses = 8;
    private readonly LevelGraph _graph;
    private readonly int[] _partOf;
    private readonly long _limit;
    private readonly long[] _weights;   // of each part
    private readonly int[] _sizes;      // nodes of each part
    private readonly long[] _connected; // of the node looked at, by part; all 0 in between
    private readonly List<int> _touched = [];
    private readonly PriorityQueue<int, (long Loss, int Node)> _queue = new(); // cleared, not made anew: it grows to the edges' number

    /// <summary>Works on <paramref name="partOf"/> in place; <paramref name="limit"/> is the most that a part may weigh.</summary>
    public BoundaryRefinement(LevelGraph graph, int[] partOf, int parts, long limit)
    {
        (_graph, _partOf, _limit) = (graph, partOf, limit);
        (_weights, _sizes, _connected) = (new long[parts], new int[parts], new long[parts]);
        for (var node = 0; node < partOf.Length; node++)
        {
            _weights[partOf[node]] += graph.NodeWeights[node];
            _sizes[partOf[node]]++;
        }
    }

    /// <summary>Weight of all edges between parts, each counted once.</summary>
    public static long Cut(LevelGraph graph, int[] partOf)
    {
        long twice = 0;
        for (var node = 0; node < graph.NodeCount; node++)
        {
            for (var k = graph.Offsets[node]; k < graph.Offsets[node + 1]; k++)
            {
                twice += partOf[node] == partOf[graph.Neighbors[k]] ? 0 : graph.Weights[k];
            }
        }

        return twice / 2;
    }

    /// <summary>Brings parts below the limit where nodes are light enough for it, then passes until one gains nothing.</summary>
    public void Run()
    {
        Balance();
        for (var pass = 0; pass < MostPasses && Pass() > 0; pass++) { }
    }

    private void Balance()
    {
        _queue.Clear();
        for (var node = 0; node < _partOf.Length; node++)
        {
            if (_weights[_partOf[node]] > _limit) { _queue.Enqueue(node, (-BestMove(node).Gain, node)); }
        }

        while (_queue.TryDequeue(out var node, out _))
        {
            if (_weights[_partOf[node]] <= _limit || _sizes[_partOf[node]] == 1) { continue; }
            var to = BestMove(node).To;
            if (to < 0) { to = Array.IndexOf(_weights, _weights.Min()); }
            if (_weights[to] + _graph.NodeWeights[node] <= _limit) { Move(node, to); }
        }
    }

    private long Pass()
    {
        // Entries are upper bounds of gains, made exact when they come first.
        var bounds = Bounds();
        var patience = Math.Clamp(_partOf.Length / 50, 50, 2_000);
        var locked = new bool[_partOf.Length];
        var moves = new List<(int Node, int From)>();
        long gained = 0, best = 0;
        var bestAt = 0;
        while (moves.Count - bestAt < patience && _queue.TryDequeue(out var node, out var entry))
        {
            if (locked[node] || -entry.Loss != bounds[node]) { continue; }
            var (to, gain) = BestMove(node);
            if (to < 0) { continue; }
            if (gain < bounds[node]) { Enqueue(node, gain); continue; }

            moves.Add((node, _partOf[node]));
            locked[node] = true;
            Move(node, to);
            gained += gain;
            if (gained > best) { (best, bestAt) = (gained, moves.Count); }
            for (var k = _graph.Offsets[node]; k < _graph.Offsets[node + 1]; k++)
            {
                var other = _graph.Neighbors[k];
                if (!locked[other] && _partOf[other] != to) { Enqueue(other, bounds[other] + (2L * _graph.Weights[k])); }
            }
        }

        for (var m = moves.Count - 1; m >= bestAt; m--) { Move(moves[m].Node, moves[m].From); }
        return best;

        void Enqueue(int node, long bound)
        {
            bounds[node] = bound;
            _queue.Enqueue(node, (-bound, node));
        }
    }

    // Of each node's gain; those that may move are queued.
    private long[] Bounds()
    {
        _queue.Clear();
        var bounds = new long[_partOf.Length];
        for (var node = 0; node < bounds.Length; node++)
        {
            var (to, gain) = BestMove(node);
            bounds[node] = gain;
            if (to >= 0) { _queue.Enqueue(node, (-gain, node)); }
        }

        return bounds;
    }

    // The neighbouring part with room that the node is most connected to (the lighter of equals) and what the cut would lose; −1 without one.
    private (int To, long Gain) BestMove(int node)
    {
        var own = _partOf[node];
        _touched.Clear();
        for (var k = _graph.Offsets[node]; k < _graph.Offsets[node + 1]; k++)
        {
            var part = _partOf[_graph.Neighbors[k]];
            if (_connected[part] == 0) { _touched.Add(part); }
            _connected[part] += _graph.Weights[k];
        }

        var (to, most) = (-1, 0L);
        foreach (var part in _touched)
        {
            if (part == own || _sizes[own] == 1 || _weights[part] + _graph.NodeWeights[node] > _limit) { continue; }
            var better = _connected[part] > most || (_connected[part] == most && _weights[part] < _weights[to]);
            if (better) { (to, most) = (part, _connected[part]); }
        }

        var gain = most - _connected[own];
        foreach (var part in _touched) { _connected[part] = 0; }
        return (to, gain);
    }

    private void Move(int node, int to)
    {
        ref var part = ref _partOf[node];
        _weights[part] -= _graph.NodeWeights[node];
        _sizes[part]--;
        part = to;
        _weights[part] += _graph.NodeWeights[node];
        _sizes[part]++;
    }
}
