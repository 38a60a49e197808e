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
        var neighbors = Regular(golden, golden.Config.Count("dilation", 1));
        golden.Config.Only("knn", "\"matrix\"", "\"graph\"");
        var withSelf = golden.Config.Text("knn", "matrix") == "matrix";
        return BuiltOperator.Of(null, inputs =>
        {
            if (withSelf)
            {
                var graph = neighbors.Build(inputs["x"], Clouds(golden));
                return EdgeIndex(graph.Sources, graph.Targets);
            }

            // torch_cluster's neighbours: the point itself is not among them.
            var wide = KnnGraph.Of(inputs["x"], neighbors.K * neighbors.Dilation, loop: false, Clouds(golden));
            return EdgeIndex(Every(neighbors.Dilation, wide.Sources), Every(neighbors.Dilation, wide.Targets));
        });
    }

    public static BuiltOperator DenseDilated(GoldenCase golden)
    {
        var neighbors = Regular(golden, golden.Config.Count("dilation", 1));
        return BuiltOperator.Of(null, inputs =>
        {
            var x = inputs["x"];
            var (clouds, nodes) = ((int)x.shape[0], (int)x.shape[2]);
            var graph = neighbors.Build(CloudConvolutions.Rows(x), CloudConvolutions.Batch(x));
            return EdgeIndex([.. graph.Sources.Select(i => i % nodes)], [.. graph.Targets.Select(i => i % nodes)]).view(2, clouds, nodes, neighbors.K);
        });
    }

    /// <summary>The case's regular dilated neighbours; random ones would be the reference's own.</summary>
    public static DilatedKnn Regular(GoldenCase golden, int dilation)
    {
        var c = golden.Config;
        var epsilon = c.Number("epsilon", 0);
        if (c.Flag("stochastic") && epsilon > 0 && golden.Training)
        {
            throw new UnsupportedCaseException("stochastic neighbours depend on the reference's random numbers");
        }

        return new DilatedKnn(c.Count("k", 9), dilation);
    }

    private static int[] Every(int step, IEnumerable<int> nodes) => [.. nodes.Where((_, e) => e % step == 0)];

    private static GraphBatch? Clouds(GoldenCase golden) =>
        golden.Inputs.TryGetValue("batch", out var batch) ? new GraphBatch([.. batch.Integers!.Select(i => (int)i)]) : null;

    private static Tensor EdgeIndex(int[] first, int[] second) =>
        stack([tensor(first.Select(i => (long)i).ToArray()), tensor(second.Select(i => (long)i).ToArray())]);
}
