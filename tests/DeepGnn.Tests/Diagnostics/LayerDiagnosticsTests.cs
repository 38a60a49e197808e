using DeepGnn.Diagnostics;
using DeepGnn.Graphs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Diagnostics;

/// <summary>Against loops over edges, on graphs with isolated nodes, repeated edges and self-loops.</summary>
public sealed class LayerDiagnosticsTests
{
    public static TheoryData<int, int, int> Sizes() => new() { { 1, 0, 1 }, { 4, 0, 2 }, { 12, 40, 5 }, { 30, 200, 1 }, { 25, 90, 16 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Dirichlet_energy_equals_the_sum_over_edges(int nodes, int edges, int channels)
    {
        using var scope = NewDisposeScope();
        var (graph, h, rows) = Layer(nodes, edges, channels);
        var degrees = Degrees(graph);
        var expected = 0.0;
        for (var e = 0; e < graph.EdgeCount; e++)
        {
            var (i, j) = (graph.Targets[e], graph.Sources[e]);
            for (var c = 0; c < channels; c++)
            {
                expected += Math.Pow((rows[i][c] / Math.Sqrt(1 + degrees[i])) - (rows[j][c] / Math.Sqrt(1 + degrees[j])), 2) / 2;
            }
        }

        Assert.Equal(expected / nodes, LayerDiagnostics.DirichletEnergy(h, graph), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Mean_average_distance_equals_the_loop_over_neighbours(int nodes, int edges, int channels)
    {
        using var scope = NewDisposeScope();
        var (graph, h, rows) = Layer(nodes, edges, channels);
        var averages = new List<double>();
        for (var i = 0; i < nodes; i++)
        {
            var distances = Enumerable.Range(0, graph.EdgeCount)
                .Where(e => graph.Targets[e] == i && graph.Sources[e] != i)
                .Select(e => Cosine(rows[i], rows[graph.Sources[e]]))
                .ToArray();
            if (distances.Length > 0) { averages.Add(distances.Average()); }
        }

        var expected = averages.Count > 0 ? averages.Average() : double.NaN;
        Assert.Equal(expected, LayerDiagnostics.MeanAverageDistance(h, graph), 1e-12);

        static double Cosine(double[] a, double[] b)
        {
            var (lengthA, lengthB) = (Math.Sqrt(a.Sum(v => v * v)), Math.Sqrt(b.Sum(v => v * v)));
            if (lengthA == 0 && lengthB == 0) { return 0; }
            return lengthA == 0 || lengthB == 0 ? 1 : 1 - (a.Zip(b, (u, v) => u * v).Sum() / (lengthA * lengthB));
        }
    }

    [Fact]
    public void Rows_that_differ_in_their_last_digits_have_a_small_energy_instead_of_noise()
    {
        using var scope = NewDisposeScope();
        var graph = new Graph(2, [0, 1], [1, 0]);
        var h = tensor(new[] { 1000.0, 1000.0 + 1e-9 }, [2, 1]);

        // ½ · 2 edges · (1e-9/√2)² / 2 nodes
        Assert.Equal(1, LayerDiagnostics.DirichletEnergy(h, graph) / 2.5e-19, 1e-3);
    }

    [Fact]
    public void Edges_in_several_chunks_give_the_same_as_in_one()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var graph = RandomGraph.Of(50, 6_000, seed: 9);
        var narrow = randn(50, 300, float64);
        var wide = cat([narrow, zeros(50, 700, float64)], dim: 1); // 1,000 channels: 1,048 edges a chunk

        Assert.Equal(LayerDiagnostics.DirichletEnergy(narrow, graph), LayerDiagnostics.DirichletEnergy(wide, graph), 1e-9);
        Assert.Equal(LayerDiagnostics.MeanAverageDistance(narrow, graph), LayerDiagnostics.MeanAverageDistance(wide, graph), 1e-12);
    }

    [Fact]
    public void Dead_channels_let_nothing_through_at_any_node()
    {
        using var scope = NewDisposeScope();
        var h = tensor(new[] { 0f, -1f, 0f, 2f, 0f, -3f, 1f, 0f }, [2, 4]);

        Assert.Equal(0.5, LayerDiagnostics.DeadChannelShare(h));
        Assert.Equal(0.5, LayerDiagnostics.ZeroShare(h));
    }

    [Fact]
    public void Gradient_norm_is_the_length_of_all_gradients_together()
    {
        using var scope = NewDisposeScope();
        var (a, b, untouched) = (new Parameter(ones(2)), new Parameter(ones(1)), new Parameter(ones(4)));
        ((a * tensor(new[] { 2f, 3f })).sum() + (b * 6).sum()).backward();

        Assert.Equal(7, LayerDiagnostics.GradientNorm([a, b, untouched]), 1e-12);
        Assert.Equal(0, LayerDiagnostics.GradientNorm([untouched]));
    }

    [Fact]
    public void Output_of_another_number_of_nodes_is_refused()
    {
        using var scope = NewDisposeScope();
        var refused = Assert.Throws<ArgumentException>(() => LayerDiagnostics.DirichletEnergy(ones(3, 2), new Graph(2, [0], [1])));
        Assert.Contains("found shape [3, 2], needed [2, channels]", refused.Message);
    }

    private static (Graph Graph, Tensor H, double[][] Rows) Layer(int nodes, int edges, int channels)
    {
        var graph = edges == 0 ? new Graph(nodes, [], []) : RandomGraph.Of(nodes, edges, seed: nodes);
        random.manual_seed(edges + 1);
        var h = randn(nodes, channels, float64);
        if (nodes > 3) { h[2] = zeros(channels, float64); h[3] = zeros(channels, float64); }
        var flat = h.data<double>().ToArray();
        return (graph, h, [.. flat.Chunk(channels)]);
    }

    private static int[] Degrees(Graph graph)
    {
        var degrees = new int[graph.NodeCount];
        for (var e = 0; e < graph.EdgeCount; e++) { degrees[graph.Targets[e]] += graph.Sources[e] == graph.Targets[e] ? 0 : 1; }
        return degrees;
    }
}
