using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DeepGnn.Convolutions;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Memory;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace Bench;

/// <summary>
/// Forward and backward of one GENConv (softmax, learnt temperature) and one SAGEConv (mean) of 64 channels on growing graphs, on one thread and on
/// several in turns: a square grid, whose degrees are all small, a power law, whose hubs have tens of thousands of edges, and the mesh fem_wave. Last, an
/// epoch of ResGCN-7.
/// </summary>
internal static class Scaling
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static IReadOnlyList<string> Names { get; } =
        [.. new[] { "grid", "power-law" }.SelectMany(kind => new[] { 125, 250, 500, 1000 }.Select(edges => $"{kind}-{edges}k")), "fem-wave", "resgcn-7"];

    public static void Print(string row, int threads)
    {
        TorchRuntime.Start(0, threads);
        var graph = GraphOf(row);
        using var epoch = row == "resgcn-7" ? new TrainingStep(BenchGraph.Make(), PeerRows.ResGcn(7)) : null;
        var work = epoch is null ? Convolutions(graph) : epoch.Run;
        GC.Collect();
        var before = ProcessMemory.Resident();
        ProcessMemory.ResetPeak();
        for (var warmUp = 0; warmUp < 6; warmUp++) { Take(work, warmUp % 2 == 0 ? 1 : threads); }
        var (pairs, cpu) = (new List<(double Several, double One)>(), double.MaxValue);
        while (pairs.Count < 10 || (pairs.Sum(pair => pair.One + pair.Several) < 10 && pairs.Count < 200))
        {
            // ABBA: each goes first in every other pair, so that what changes with time falls on both.
            var oneFirst = pairs.Count % 2 == 0;
            var first = Take(work, oneFirst ? 1 : threads);
            var second = Take(work, oneFirst ? threads : 1);
            var (one, several) = oneFirst ? (first, second) : (second, first);
            pairs.Add((several.Wall, one.Wall));
            cpu = Math.Min(cpu, one.Cpu);
        }

        var faster = PairedRatio.OfMedian(pairs);
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                row,
                nodes = graph.NodeCount,
                edges = graph.EdgeCount,
                largestDegree = Enumerable.Range(0, graph.NodeCount).Max(graph.Incoming.Degree),
                cpuOfOne = Rounded(cpu),
                one = Rounded(pairs.Min(pair => pair.One)),
                several = Rounded(pairs.Min(pair => pair.Several)),
                faster = Rounded(faster.Value),
                low = Rounded(faster.Low),
                high = Rounded(faster.High),
                peakMiBAboveBase = Math.Round((ProcessMemory.Peak() - before) / 1048576.0, 1),
                threads,
            },
            s_json));
    }

    private static (double Wall, double Cpu) Take(Action work, int threads)
    {
        set_num_threads(threads);
        var (watch, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        work();
        return (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }

    private static Action Convolutions(Graph graph)
    {
        const int width = 64;
        var gen = new GenConv(width, width, new GenConvOptions { LearnT = true, Norm = HiddenNorm.Layer });
        var sage = new SageConv(width, width);
        var x = randn(graph.NodeCount, width).requires_grad_();
        return () =>
        {
            using var scope = NewDisposeScope();
            sage.call(gen.call(x, graph), graph).square().mean().backward();
            x.grad = null;
        };
    }

    private static Graph GraphOf(string row)
    {
        if (row == "resgcn-7") { return BenchGraph.Make().Graph; }
        if (row == "fem-wave") { return MetisReader.Read(BenchData.File("fem_wave", "wave.graph.bz2")); }
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

    private static double Rounded(double value) => Math.Round(value, 5);
}
