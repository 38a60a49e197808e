using System.Globalization;
using DeepGnn.Convolutions;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace Bench;

/// <summary>
/// Forward and backward of one GENConv (softmax, learnt temperature) and one SAGEConv (mean) of 64 channels on growing graphs: a square grid, whose
/// degrees are all small, a power law, whose hubs have tens of thousands of edges, and the mesh fem_wave.
/// </summary>
internal static class Scaling
{
    public static IReadOnlyList<string> Names { get; } =
        [.. new[] { "grid", "power-law" }.SelectMany(kind => new[] { 125, 250, 500, 1000 }.Select(edges => $"{kind}-{edges}k")), "fem-wave"];

    public static Measurement Run(string row, int threads)
    {
        TorchRuntime.Start(0, threads);
        const int width = 64;
        var graph = GraphOf(row);
        Console.Error.WriteLine($"{row}: {graph.NodeCount} nodes, {graph.EdgeCount} edges, largest degree {Enumerable.Range(0, graph.NodeCount).Max(graph.Incoming.Degree)}");
        using var gen = new GenConv(width, width, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer });
        using var sage = new SageConv(width, width);
        using var x = randn(graph.NodeCount, width).requires_grad_();
        return Measurement.Of(row, threads, Step, seconds: 5);

        void Step()
        {
            using var scope = NewDisposeScope();
            sage.call(gen.call(x, graph), graph).square().mean().backward();
            x.grad = null;
        }
    }

    private static Graph GraphOf(string row)
    {
        if (row == "fem-wave") { return MetisReader.Read(Path.Combine("..", "shared", "data", "fem_wave", "wave.graph.bz2")); }
        var edges = 1000 * int.Parse(row[(row.LastIndexOf('-') + 1)..^1], CultureInfo.InvariantCulture);
        return row.StartsWith("grid", StringComparison.Ordinal) ? Grid(edges) : PowerLaw(edges);
    }

    // Four neighbours a node, in both directions.
    private static Graph Grid(int edges)
    {
        var side = (int)Math.Sqrt(edges / 4);
        var (sources, targets) = (new List<int>(), new List<int>());
        for (var i = 0; i < side * side; i++)
        {
            if (i % side < side - 1) { Join(i, i + 1); }
            if (i + side < side * side) { Join(i, i + side); }
        }

        return new Graph(side * side, [.. sources], [.. targets]);

        void Join(int a, int b)
        {
            sources.AddRange([a, b]);
            targets.AddRange([b, a]);
        }
    }

    // Ten edges a node; the end of an edge is node N·r⁴ for an even r.
    private static Graph PowerLaw(int edges)
    {
        var (nodes, random) = (edges / 10, new Random(1));
        var (sources, targets) = (new int[edges], new int[edges]);
        for (var e = 0; e < edges; e += 2)
        {
            var (hub, other) = ((int)(nodes * Math.Pow(random.NextDouble(), 4)), random.Next(nodes));
            (sources[e], targets[e]) = (hub, other);
            (sources[e + 1], targets[e + 1]) = (other, hub);
        }

        return new Graph(nodes, sources, targets);
    }
}
