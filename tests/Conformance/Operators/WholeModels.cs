using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Models from input to prediction.</summary>
internal static class WholeModels
{
    public static BuiltOperator Gcnii(GoldenCase golden)
    {
        var c = golden.Config;
        var module = new Gcnii(
            c.Count("in_channels"), c.Count("hidden"), c.Count("out_channels"), c.Count("num_layers"), c.Number("alpha", 0.1),
            c.Number("theta", 0.5), 0, c.Flag("shared_weights", true));
        // The reference's example ends in log probabilities, ours in scores.
        return BuiltOperator.Of(module, inputs => module.call(inputs["x"], SparseConvolutions.GraphOf(golden)).log_softmax(-1));
    }

    public static BuiltOperator DeeperGcn(GoldenCase golden)
    {
        var c = golden.Config;
        var module = new DeeperGcnModel(c.Count("in_channels"), c.Count("hidden"), c.Count("out_channels"), c.Count("num_layers"));
        return BuiltOperator.Of(module, inputs => module.call(inputs["x"], SparseConvolutions.GraphOf(golden))) with
        {
            // There the first layer holds the norm that follows the last one.
            Rename = name => name.StartsWith("layers.0.norm.", StringComparison.Ordinal) ? name["layers.0.".Length..] : name,
        };
    }

    public static BuiltOperator DenseDeepGcn(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("B", "N", "note_sizes");
        var module = new PointSegmentation(new PointSegmentationOptions
        {
            InChannels = c.Count("in_channels"),
            Classes = c.Count("n_classes"),
            Channels = c.Count("n_filters"),
            Blocks = c.Count("n_blocks"),
            K = NeighborGraphs.Regular(golden, 1).K,
            Block = c.Text("block", "res") switch
            {
                "res" => Backbone.Res,
                "dense" => Backbone.Dense,
                "plain" => Backbone.Plain,
                var other => throw new UnsupportedCaseException($"block {other}"),
            },
            Convolution = c.Text("conv", "edge") switch
            {
                "edge" => CloudConvolution.Edge,
                "mr" => CloudConvolution.MaxRelative,
                var other => throw new UnsupportedCaseException($"conv {other}"),
            },
            Layer = SparseConvolutions.Layer(c, normFirst: false),
            Epsilon = 0,
            Dropout = 0,
            Fusion = c.Count("fusion", 1024),
            Hidden = (c.Count("h1", 512), c.Count("h2", 256)),
        });
        return BuiltOperator.Of(module, inputs =>
        {
            var x = inputs["x"];
            return CloudConvolutions.Clouds(module.call(CloudConvolutions.Rows(x), CloudConvolutions.Batch(x)), x.shape[0]).squeeze(3);
        }) with
        {
            Rename = name => name.Replace("head.gconv.", "head.", StringComparison.Ordinal),
        };
    }

    /// <summary>PyG's example model, put together from the engine's layers; a gradient reaches x.</summary>
    private sealed class DeeperGcnModel : nn.Module<Tensor, Graph, Tensor>
    {
        private readonly Linear node_encoder;
        private readonly ModuleList<DeepGcnLayer> layers;
        private readonly nn.Module<Tensor, Tensor> norm;
        private readonly Linear lin;

        public DeeperGcnModel(int inChannels, int hidden, int outChannels, int count) : base(nameof(DeeperGcnModel))
        {
            GenConv Convolution() => new(hidden, hidden, new GenConvOptions { Reduction = Reduction.Softmax, LearnT = true, Norm = HiddenNorm.Layer });
            node_encoder = nn.Linear(inChannels, hidden);
            layers = new ModuleList<DeepGcnLayer>(new DeepGcnLayer(Convolution(), null, null, Backbone.Plain));
            for (var l = 1; l < count; l++) { layers.Add(new DeepGcnLayer(Convolution(), nn.LayerNorm(hidden), nn.ReLU(), Backbone.ResPlus)); }
            norm = nn.LayerNorm(hidden);
            lin = nn.Linear(hidden, outChannels);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x, Graph graph)
        {
            var h = layers.Aggregate(node_encoder.call(x), (before, layer) => layer.call(before, graph));
            return lin.call(norm.call(h).relu());
        }
    }
}
