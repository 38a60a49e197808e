using DeepGnn.Graphs;
using DeepGnn.Normalizations;

namespace Conformance.Operators;

/// <summary>Normalisations of x [N, D], with batch [N] where given.</summary>
internal static class Normalizations
{
    public static BuiltOperator Batch(GoldenCase golden)
    {
        var c = golden.Config;
        c.Only("affine", "true");
        c.Only("track_running_stats", "true");
        c.Only("allow_single_element", golden.Inputs["x"].Shape[0] > 1 ? ["true", "false"] : ["false"]);
        return Normalization(new BatchNorm(c.Count("channels"), c.Number("eps", 1e-5), c.Number("momentum", 0.1)));
    }

    public static BuiltOperator Layer(GoldenCase golden)
    {
        golden.Config.Only("affine", "true");
        var mode = golden.Config.Text("mode", "graph") switch
        {
            "graph" => LayerNormMode.Graph,
            "node" => LayerNormMode.Node,
            var other => throw new UnsupportedCaseException($"mode {other}"),
        };
        return Normalization(new LayerNorm(golden.Config.Count("channels"), mode, golden.Config.Number("eps", 1e-5)));
    }

    public static BuiltOperator Graph(GoldenCase golden) =>
        Normalization(new GraphNorm(golden.Config.Count("channels"), golden.Config.Number("eps", 1e-5)));

    public static BuiltOperator GraphSize(GoldenCase golden)
    {
        golden.Config.Note("channels");
        return Normalization(new GraphSizeNorm());
    }

    public static BuiltOperator Instance(GoldenCase golden)
    {
        var c = golden.Config;
        c.Only("track_running_stats", "false");
        c.Note("momentum"); // of the running statistics
        return Normalization(new InstanceNorm(c.Count("channels"), c.Flag("affine"), c.Number("eps", 1e-5)));
    }

    public static BuiltOperator Pair(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("channels");
        return Normalization(new PairNorm(c.Number("scale", 1), c.Flag("scale_individually"), c.Number("eps", 1e-5)));
    }

    public static BuiltOperator MeanSubtraction(GoldenCase golden)
    {
        golden.Config.Note("channels");
        return Normalization(new MeanSubtractionNorm());
    }

    public static BuiltOperator DiffGroup(GoldenCase golden)
    {
        var c = golden.Config;
        c.Only("affine", "true");
        c.Only("track_running_stats", "true");
        return Normalization(new DiffGroupNorm(
            c.Count("channels"), c.Count("groups"), c.Number("lamda", 0.01), c.Number("eps", 1e-5), c.Number("momentum", 0.1)));
    }

    public static BuiltOperator Message(GoldenCase golden)
    {
        golden.Config.Note("channels");
        var module = new MessageNorm(golden.Config.Flag("learn_scale"));
        return BuiltOperator.Of(module, inputs => module.call(inputs["x"], inputs["msg"]));
    }

    private static BuiltOperator Normalization(NodeNormalization module) => BuiltOperator.Of(module, inputs =>
        inputs.Case.Inputs.TryGetValue("batch", out var batch)
            ? module.forward(inputs["x"], new GraphBatch([.. batch.Integers!.Select(i => (int)i)]))
            : module.call(inputs["x"]));
}
