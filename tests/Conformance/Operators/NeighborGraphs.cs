using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Graphs of nearest neighbours.</summary>
internal static class NeighborGraphs
{
    public static BuiltOperator Knn(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("batch");
        var (k, loop) = (c.Count("k"), c.Flag("loop"));
        var flipped = c.Text("flow", "source_to_target") == "target_to_source";
        return BuiltOperator.Of(null, inputs =>
        {
            var graph = KnnGraph.Of(inputs["x"], k, loop, Clouds(golden));
            return flipped ? EdgeIndex(graph.Targets, graph.Sources) : EdgeIndex(graph.Sources, graph.Targets);
        });
    }

    public static BuiltOperator SparseDilated(GoldenCase golden)
    {
        golden.Config.Note("knn");
        var neighbors = Neighbors(golden.Config);
        return BuiltOperator.Of(null, inputs =>
        {
            var graph = neighbors.Build(inputs["x"], Clouds(golden), golden.Training);
            return EdgeIndex(graph.Sources, graph.Targets);
        });
    }

    public static BuiltOperator DenseDilated(GoldenCase golden)
    {
        var neighbors = Neighbors(golden.Config);
        return BuiltOperator.Of(null, inputs =>
        {
            var x = inputs["x"];
            var (clouds, nodes) = ((int)x.shape[0], (int)x.shape[2]);
            var graph = neighbors.Build(CloudConvolutions.Rows(x), CloudConvolutions.Batch(x), golden.Training);
            return EdgeIndex([.. graph.Sources.Select(i => i % nodes)], [.. graph.Targets.Select(i => i % nodes)]).view(2, clouds, nodes, neighbors.K);
        });
    }

    private static DilatedKnn Neighbors(CaseConfig c)
    {
        if (c.Flag("stochastic")) { throw new UnsupportedCaseException("stochastic neighbours depend on the reference's random numbers"); }
        c.Note("epsilon");
        return new DilatedKnn(c.Count("k", 9), c.Count("dilation", 1));
    }

    private static GraphBatch? Clouds(GoldenCase golden) =>
        golden.Inputs.TryGetValue("batch", out var batch) ? new GraphBatch([.. batch.Integers!.Select(i => (int)i)]) : null;

    private static Tensor EdgeIndex(int[] first, int[] second) =>
        stack([tensor(first.Select(i => (long)i).ToArray()), tensor(second.Select(i => (long)i).ToArray())]);
}
