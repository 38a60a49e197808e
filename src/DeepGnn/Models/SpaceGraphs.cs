using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// Graphs of different dilation from one search in the coordinates: the nearest k·(largest d) of each point are found once, and each graph
/// takes its ranks of them.
/// </summary>
internal sealed class SpaceGraphs : IDisposable
{
    private readonly Graph _near;
    private readonly bool _all;
    private readonly Dictionary<int, Graph> _regular = [];
    private readonly List<Graph> _random = [];

    public SpaceGraphs(Tensor coordinates, GraphBatch clouds, PointModelOptions options)
    {
        _all = options.Radius is null;
        _near = options.Radius is { } radius
            ? KnnGraph.Ball(coordinates, radius, options.PointsNeeded, loop: true, clouds)
            : KnnGraph.Of(coordinates, options.PointsNeeded, loop: true, clouds);
    }

    /// <summary>Valid until this is disposed. Regular graphs of one dilation are one graph.</summary>
    /// <exception cref="ArgumentException">A cloud has fewer than k·d points: says both numbers.</exception>
    public Graph Of(DilatedKnn neighbors, bool training)
    {
        if (neighbors.DrawRanks(training) is { } ranks)
        {
            _random.Add(Take(neighbors, ranks));
            return _random[^1];
        }

        if (!_regular.TryGetValue(neighbors.Dilation, out var graph))
        {
            graph = _regular[neighbors.Dilation] = Take(neighbors, [.. Enumerable.Range(0, neighbors.K).Select(r => r * neighbors.Dilation)]);
        }

        return graph;
    }

    /// <summary>Frees the tensors that the graphs hold; what a backward pass needs, autograd holds itself.</summary>
    public void Dispose()
    {
        foreach (var graph in _regular.Values.Concat(_random)) { graph.ReleaseTensors(); }
    }

    private Graph Take(DilatedKnn neighbors, IReadOnlyList<int> ranks)
    {
        var (sources, targets) = (new List<int>(_near.NodeCount * neighbors.K), new List<int>(_near.NodeCount * neighbors.K));
        for (int first = 0, last = 0; first < _near.EdgeCount; first = last)
        {
            var centre = _near.Targets[first];
            while (last < _near.EdgeCount && _near.Targets[last] == centre) { last++; }
            if (_all && last - first < neighbors.K * neighbors.Dilation)
            {
                throw new ArgumentException(
                    $"cloud of {last - first} points: needed at least k·dilation = {neighbors.K}·{neighbors.Dilation} = {neighbors.K * neighbors.Dilation}");
            }

            foreach (var rank in ranks)
            {
                if (rank >= last - first) { continue; }
                sources.Add(_near.Sources[first + rank]);
                targets.Add(centre);
            }
        }

        return new Graph(_near.NodeCount, [.. sources], [.. targets]);
    }
}
