using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Aggregations of rows x [E, D] by index [E]: row e is the node e of a graph with edges e → index[e].</summary>
internal static class Aggregations
{
    public static BuiltOperator Softmax(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("channels_in", "dim_size");
        var reduction = c.Flag("semi_grad") ? Reduction.SoftmaxStopped : Reduction.Softmax;
        return Aggregated(golden, new Aggregator(reduction, c.Number("t", 1), c.Flag("learn"), c.Count("channels", 1)));
    }

    public static BuiltOperator PowerMean(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("channels_in", "dim_size");
        return Aggregated(golden, new Aggregator(
            Reduction.PowerMean, c.Number("p", 1), c.Flag("learn"), c.Count("channels", 1), c.Number("clamp_min", 1e-4), c.Number("clamp_max", 100)));
    }

    private static BuiltOperator Aggregated(GoldenCase golden, Aggregator module) => BuiltOperator.Of(module, inputs =>
    {
        var targets = golden.Inputs["index"].Integers!.Select(i => (int)i).ToArray();
        var groups = golden.Config.Count("dim_size", targets.Max() + 1);
        var nodes = Math.Max(groups, targets.Length);
        var x = inputs["x"];
        var padded = cat([x, zeros(nodes - x.shape[0], x.shape[1], x.dtype, x.device)]);
        return module.call(padded, new Graph(nodes, [.. Enumerable.Range(0, targets.Length)], targets)).narrow(0, 0, groups);
    });
}
