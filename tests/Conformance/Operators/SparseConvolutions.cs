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

    public static BuiltOperator Graph(GoldenCase golden)
    {
        var c = golden.Config;
        return Convolution(new GraphConv(c.Count("in_channels"), c.Count("out_channels"), ReductionNamed(c.Text("aggr", "add")), c.Flag("bias", true)));
    }

    public static BuiltOperator Sage(GoldenCase golden)
    {
        var c = golden.Config;
        return Convolution(new SageConv(c.Count("in_channels"), c.Count("out_channels"), new SageConvOptions
        {
            Reduction = ReductionNamed(c.Text("aggr", "mean")),
            Normalize = c.Flag("normalize"),
            RootWeight = c.Flag("root_weight", true),
            Project = c.Flag("project"),
            Bias = c.Flag("bias", true),
        }));
    }

    public static BuiltOperator Gin(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("in_channels", "out_channels");
        return Convolution(new GinConv(Perceptrons.FromParameters(golden, "nn"), c.Number("eps", 0), c.Flag("train_eps")));
    }

    public static BuiltOperator Gine(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("out_channels");
        return Convolution(new GineConv(
            Perceptrons.FromParameters(golden, "nn"), c.Number("eps", 0), c.Flag("train_eps"), c.OptionalCount("edge_dim"), c.Count("in_channels")));
    }

    public static BuiltOperator Gat(GoldenCase golden)
    {
        var c = golden.Config;
        return Convolution(new GatConv(c.Count("in_channels"), c.Count("out_channels"), Attention(c)));
    }

    public static BuiltOperator Gatv2(GoldenCase golden)
    {
        var c = golden.Config;
        return Convolution(new Gatv2Conv(c.Count("in_channels"), c.Count("out_channels"), Attention(c) with { ShareWeights = c.Flag("share_weights") }));
    }

    public static BuiltOperator Gcn2(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("out_channels");
        var module = new Gcn2Conv(
            c.Count("in_channels"), c.Number("alpha", 0), c.OptionalNumber("theta"), c.OptionalCount("layer"), c.Flag("shared_weights", true),
            c.Flag("normalize", true), c.Flag("add_self_loops", true));
        return BuiltOperator.Of(module, inputs => inputs.Optional("edge_weight") is { } weights
            ? module.forward(inputs["x"], inputs["x_0"], GraphOf(golden), weights)
            : module.call(inputs["x"], inputs["x_0"], GraphOf(golden)));
    }

    public static BuiltOperator Appnp(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("in_channels", "out_channels");
        return Convolution(new Appnp(c.Count("K"), c.Number("alpha", 0), 0, c.Flag("normalize", true), c.Flag("add_self_loops", true)));
    }

    public static BuiltOperator DeeperGen(GoldenCase golden)
    {
        var c = golden.Config;
        var aggr = c.Text("aggr", "softmax");
        var sum = aggr.EndsWith("_sum", StringComparison.Ordinal);
        var encode = c.Flag("encode_edge");
        return Convolution(new DeeperGenConv(c.Count("in_channels"), c.Count("out_channels"), new DeeperGenConvOptions
        {
            Reduction = ReductionNamed(sum ? aggr[..^"_sum".Length] : aggr),
            Sum = sum,
            T = c.Number("t", 1),
            LearnT = c.Flag("learn_t"),
            P = c.Number("p", 1),
            LearnP = c.Flag("learn_p"),
            Y = c.Number("y", 0),
            LearnY = c.Flag("learn_y"),
            MessageNorm = c.Flag("msg_norm"),
            LearnMessageScale = c.Flag("learn_msg_scale", true),
            EdgeChannels = c.OptionalCount("edge_feat_dim") is { } channels && encode ? channels : null,
            Norm = Norm(c, "batch"),
            Layers = c.Count("mlp_layers", 1),
            Epsilon = c.Number("eps", 1e-7),
        })) with { Rename = name => name.Replace("msg_norm.msg_scale", "msg_norm.scale", StringComparison.Ordinal) };
    }

    public static BuiltOperator PerceptronEdge(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("in_channels", "out_channels");
        return Convolution(new PerceptronEdgeConv(Perceptrons.FromParameters(golden, "nn"), ReductionNamed(c.Text("aggr", "max"))));
    }

    public static BuiltOperator Edge(GoldenCase golden)
    {
        var c = golden.Config;
        var reduction = ReductionNamed(c.Text("aggr", "max"));
        return Convolution(EdgeOf(c.Count("in_channels"), c.Count("out_channels"), Layer(c, normFirst: true), reduction));
    }

    /// <summary>The exact fast edge convolution where its layer and the maximum allow it, the general one otherwise.</summary>
    public static GraphConvolution EdgeOf(int inChannels, int outChannels, LayerOptions layer, Reduction reduction = Reduction.Max) =>
        reduction == Reduction.Max && layer is { Activation: not Activation.Gelu, Norm: not HiddenNorm.Layer, Groups: 1 }
            ? new EdgeConv(inChannels, outChannels, layer)
            : new PerceptronEdgeConv(Layered.Layer(2 * inChannels, outChannels, layer), reduction);

    public static BuiltOperator Mr(GoldenCase golden)
    {
        var c = golden.Config;
        c.Only("aggr", "\"max\"");
        return Convolution(new MrConv(c.Count("in_channels"), c.Count("out_channels"), Layer(c, normFirst: true)));
    }

    public static LayerOptions Layer(CaseConfig c, bool normFirst) => new()
    {
        Activation = (c.Has("act") ? c.OptionalText("act") : "relu")?.ToLowerInvariant() switch
        {
            null or "none" => Activation.None,
            "relu" => Activation.Relu,
            "leakyrelu" => Activation.LeakyRelu,
            "gelu" => Activation.Gelu,
            var other => throw new UnsupportedCaseException($"act {other}"),
        },
        Norm = Norm(c, "none"),
        NormFirst = normFirst,
        Bias = c.Flag("bias", true),
        Groups = c.Count("groups", 1),
    };

    private static AttentionOptions Attention(CaseConfig c)
    {
        // What a new self loop's edge features are; without features it says nothing.
        if (c.OptionalCount("edge_dim") is null || !c.Flag("add_self_loops", true)) { c.Note("fill_value"); }
        else { c.Only("fill_value", "\"mean\""); }

        return new()
        {
            Heads = c.Count("heads", 1),
            Concat = c.Flag("concat", true),
            NegativeSlope = c.Number("negative_slope", 0.2),
            AddSelfLoops = c.Flag("add_self_loops", true),
            EdgeChannels = c.OptionalCount("edge_dim"),
            Bias = c.Flag("bias", true),
            Residual = c.Flag("residual"),
        };
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
    public static HiddenNorm Norm(CaseConfig config, string otherwise) =>
        (config.Has("norm") ? config.OptionalText("norm")?.ToLowerInvariant() : otherwise) switch
        {
            null or "none" => HiddenNorm.None,
            "batch" => HiddenNorm.Batch,
            "layer" => HiddenNorm.Layer,
            var other => throw new UnsupportedCaseException($"norm {other}"),
        };
}
