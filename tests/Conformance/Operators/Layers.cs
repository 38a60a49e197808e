using System.Globalization;
using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Layers and whole models.</summary>
internal static class Layers
{
    public static BuiltOperator DeepGcn(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("with_edge_attr");
        var (inChannels, outChannels) = (c.Count("in_channels"), c.Count("out_channels"));
        var conv = ConvolutionNamed(c.Text("conv", "GCNConv"), inChannels, outChannels);
        var block = c.Text("block", "res+") switch
        {
            "res+" => Backbone.ResPlus,
            "res" => Backbone.Res,
            "dense" => Backbone.Dense,
            "plain" => Backbone.Plain,
            var other => throw new UnsupportedCaseException($"block {other}"),
        };
        var module = new DeepGcnLayer(conv, Norm(c.OptionalText("norm"), inChannels), Activation(c.OptionalText("act")), block);
        return BuiltOperator.Of(module, inputs =>
        {
            var graph = SparseConvolutions.GraphOf(golden);
            var edges = inputs.Optional("edge_weight") ?? inputs.Optional("edge_attr");
            return edges is null ? module.call(inputs["x"], graph) : module.forward(inputs["x"], graph, edges);
        });
    }

    public static BuiltOperator Jumping(GoldenCase golden)
    {
        var c = golden.Config;
        var mode = c.Text("mode", "cat") switch
        {
            "cat" => JumpingMode.Concat,
            "max" => JumpingMode.Max,
            "lstm" => JumpingMode.Lstm,
            var other => throw new UnsupportedCaseException($"mode {other}"),
        };
        var layers = c.Count("num_layers", golden.Inputs.Count);
        var module = new JumpingKnowledge(mode, c.Count("channels"), layers);
        return BuiltOperator.Of(module, inputs => module.call([.. Enumerable.Range(0, layers).Select(l => inputs[$"xs.{l}"])]));
    }

    /// <summary>Reads "GCNConv" or "GENConv(softmax,t=0.7,learn_t,num_layers=2,norm=layer)".</summary>
    public static GraphConvolution ConvolutionNamed(string text, int inChannels, int outChannels)
    {
        var open = text.IndexOf('(');
        var name = open < 0 ? text : text[..open];
        var words = open < 0 ? [] : text[(open + 1)..].TrimEnd(')').Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return name switch
        {
            "GCNConv" when words.Length == 0 => new GcnConv(inChannels, outChannels),
            "SAGEConv" when words.Length == 0 => new SageConv(inChannels, outChannels),
            "GraphConv" when words.Length == 0 => new GraphConv(inChannels, outChannels),
            "GATConv" when words.Length == 0 => new GatConv(inChannels, outChannels),
            "GENConv" => new GenConv(inChannels, outChannels, words.Aggregate(new GenConvOptions(), Read)),
            _ => throw new UnsupportedCaseException($"conv {text}"),
        };
    }

    private static GenConvOptions Read(GenConvOptions options, string word)
    {
        var parts = word.Split('=');
        var value = parts.Length > 1 ? parts[1] : "";
        return parts[0] switch
        {
            "t" => options with { T = double.Parse(value, CultureInfo.InvariantCulture) },
            "p" => options with { P = double.Parse(value, CultureInfo.InvariantCulture) },
            "learn_t" => options with { LearnT = true },
            "learn_p" => options with { LearnP = true },
            "msg_norm" => options with { MessageNorm = true },
            "learn_msg_scale" => options with { LearnMessageScale = true },
            "num_layers" => options with { Layers = int.Parse(value, CultureInfo.InvariantCulture) },
            "expansion" => options with { Expansion = int.Parse(value, CultureInfo.InvariantCulture) },
            "eps" => options with { Epsilon = double.Parse(value, CultureInfo.InvariantCulture) },
            "norm" => options with
            {
                Norm = value switch
                {
                    "layer" => HiddenNorm.Layer,
                    "batch" => HiddenNorm.Batch,
                    "None" or "none" => HiddenNorm.None,
                    _ => throw new UnsupportedCaseException($"conv option {word}"),
                },
            },
            "aggr" => options with { Reduction = SparseConvolutions.ReductionNamed(value) },
            _ when parts.Length == 1 => options with { Reduction = SparseConvolutions.ReductionNamed(word) },
            _ => throw new UnsupportedCaseException($"conv option {word}"),
        };
    }

    public static nn.Module<Tensor, Tensor>? Norm(string? name, int channels) => name switch
    {
        null => null,
        "batch" => nn.BatchNorm1d(channels),
        "layer" => nn.LayerNorm(channels),
        _ => throw new UnsupportedCaseException($"norm {name}"),
    };

    public static nn.Module<Tensor, Tensor>? Activation(string? name) => name?.ToLowerInvariant() switch
    {
        null => null,
        "relu" => nn.ReLU(),
        "leakyrelu" => nn.LeakyReLU(0.2),
        "gelu" => nn.GELU(),
        _ => throw new UnsupportedCaseException($"act {name}"),
    };
}
