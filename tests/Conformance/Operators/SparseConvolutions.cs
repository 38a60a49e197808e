using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Convolutions on x [N, F] and edge_index [2, E], with edge_weight or edge_attr where given.</summary>
internal static class SparseConvolutions
{
    public static BuiltOperator Gcn(GoldenCase golden)
    {
        var c = golden.Config;
        return Convolution(new GcnConv(
            c.Count("in_channels"), c.Count("out_channels"), c.Flag("bias", true), c.Flag("normalize", true), c.OptionalFlag("add_self_loops"),
            c.Flag("improved")));
    }

    public static BuiltOperator Gen(GoldenCase golden)
    {
        var c = golden.Config;
        return Convolution(new GenConv(c.Count("in_channels"), c.Count("out_channels"), new GenConvOptions
        {
            Reduction = ReductionNamed(c.Text("aggr", "softmax")),
            T = c.Number("t", 1),
            LearnT = c.Flag("learn_t"),
            P = c.Number("p", 1),
            LearnP = c.Flag("learn_p"),
            MessageNorm = c.Flag("msg_norm"),
            LearnMessageScale = c.Flag("learn_msg_scale"),
            Norm = Norm(c, "batch"),
            Layers = c.Count("num_layers", 2),
            Expansion = c.Count("expansion", 2),
            Epsilon = c.Number("eps", 1e-7),
            Bias = c.Flag("bias"),
            EdgeChannels = c.OptionalCount("edge_dim"),
        }));
    }

    public static BuiltOperator Convolution(GraphConvolution module) => BuiltOperator.Of(module, inputs =>
    {
        var graph = GraphOf(inputs.Case);
        var edges = inputs.Optional("edge_weight") ?? inputs.Optional("edge_attr");
        return edges is null ? module.call(inputs["x"], graph) : module.forward(inputs["x"], graph, edges);
    });

    public static Graph GraphOf(GoldenCase golden)
    {
        var (sources, targets) = golden.Inputs["edge_index"].ToEdges();
        return new Graph((int)golden.Inputs["x"].Shape[0], sources, targets);
    }

    public static Reduction ReductionNamed(string name) => name switch
    {
        "add" or "sum" => Reduction.Sum,
        "mean" => Reduction.Mean,
        "max" => Reduction.Max,
        "softmax" => Reduction.Softmax,
        "softmax_sg" => Reduction.SoftmaxStopped,
        "power" or "powermean" => Reduction.PowerMean,
        _ => throw new UnsupportedCaseException($"aggr {name}"),
    };

    // A key that is there and null means none; a key that is not there means the reference's default.
    public static HiddenNorm Norm(CaseConfig config, string otherwise) => (config.Has("norm") ? config.OptionalText("norm") : otherwise) switch
    {
        null or "none" => HiddenNorm.None,
        "batch" => HiddenNorm.Batch,
        "layer" => HiddenNorm.Layer,
        var other => throw new UnsupportedCaseException($"norm {other}"),
    };
}
