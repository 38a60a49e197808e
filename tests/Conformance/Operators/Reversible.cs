using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Reversible layers: values and gradients of the stack that keeps its output only, its inverse, and the same by plain autograd.</summary>
internal static class Reversible
{
    public static BuiltOperator GroupAddRev(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("out_channels", "disable", "num_bwd_passes"); // the same numbers however much is kept
        if (c.Count("split_dim", -1) is not (-1 or 1)) { throw new UnsupportedCaseException("split_dim other than the channels"); }
        var (groups, text) = (c.Count("num_groups", 2), c.Text("conv", "GCNConv"));
        var width = c.Count("in_channels") / groups;
        var withBlock = text.StartsWith("Block(", StringComparison.Ordinal);
        var blocks = Enumerable.Range(0, groups).Select(_ => withBlock ? Block(golden, text, width) : new CouplingBlock(Convolution(golden, text, width)));
        return Built(golden, [.. blocks], name => withBlock || !name.StartsWith("convs.", StringComparison.Ordinal)
            ? $"layers.0.{name}"
            : $"layers.0.{AfterGroup(name, "conv.")}");
    }

    public static BuiltOperator GroupAdditiveCoupling(GoldenCase golden)
    {
        var c = golden.Config;
        c.Note("out_channels");
        if (c.Text("block", "") != "GENBlock(LayerNorm,ReLU,dropout off,GENConv max mlp_layers=2 norm=layer)")
        {
            throw new UnsupportedCaseException($"block {c.Text("block", "")}");
        }

        var groups = c.Count("group");
        var width = c.Count("in_channels") / groups;
        var options = new DeeperGenConvOptions { Reduction = Reduction.Max, Layers = 2, Norm = HiddenNorm.Layer };
        var blocks = Enumerable.Range(0, groups).Select(_ => new CouplingBlock(new DeeperGenConv(width, width, options), nn.LayerNorm(width), nn.ReLU()));
        return Built(golden, [.. blocks], name => "layers.0." + name
            .Replace("Fms.", "convs.", StringComparison.Ordinal)
            .Replace(".gcn.", ".conv.", StringComparison.Ordinal));
    }

    private static BuiltOperator Built(GoldenCase golden, CouplingBlock[] blocks, Func<string, string> rename)
    {
        var coupling = new GroupCoupling(blocks);
        var stack = new ReversibleStack([coupling]);
        return new BuiltOperator(stack, inputs =>
        {
            var graph = SparseConvolutions.GraphOf(golden);
            var edges = inputs.Optional("edge_attr") ?? inputs.Optional("edge_weight");
            var y = stack.forward(inputs["x"], graph, edges);
            return new Dictionary<string, Tensor>
            {
                ["out"] = y,
                ["inverse_of_out"] = coupling.Inverse(y.detach(), graph, edges),
                ["forward_recomputed_disable_true"] = coupling.forward(inputs["x"], graph, edges, null),
            };
        })
        {
            Rename = rename,
        };
    }

    // "Block(LayerNorm,ReLU,SAGEConv)"
    private static CouplingBlock Block(GoldenCase golden, string text, int width)
    {
        var parts = text["Block(".Length..].TrimEnd(')').Split(',');
        if (parts.Length != 3 || parts[0] != "LayerNorm" || parts[1] != "ReLU") { throw new UnsupportedCaseException($"conv {text}"); }
        return new CouplingBlock(Convolution(golden, parts[2], width), nn.LayerNorm(width), nn.ReLU());
    }

    // What a "GENConv" without options, or with a remark, was built with is not in the configuration; its parameters tell.
    private static GraphConvolution Convolution(GoldenCase golden, string text, int width)
    {
        var name = text.Split('(')[0];
        if (name != "GENConv" || (text.Contains('(') && !text.Contains(' '))) { return Layers.ConvolutionNamed(text, width, width); }
        var own = golden.Parameters.Keys.Where(key => key.StartsWith("convs.0.", StringComparison.Ordinal)).ToArray();
        var hasBuffers = golden.BuffersBefore.Count > 0;
        var learnsT = own.Any(key => key.EndsWith("aggr_module.t", StringComparison.Ordinal));
        return new GenConv(width, width, new GenConvOptions
        {
            // Without a temperature it is RevGNN's block, which takes the maximum.
            Reduction = learnsT ? Reduction.Softmax : Reduction.Max,
            LearnT = learnsT,
            Norm = hasBuffers ? HiddenNorm.Batch : own.Any(key => key.EndsWith("mlp.1.bias", StringComparison.Ordinal)) ? HiddenNorm.Layer : HiddenNorm.None,
            Bias = own.Any(key => key.EndsWith("mlp.0.bias", StringComparison.Ordinal)),
        });
    }

    // "convs.0.lin.weight" gives "convs.0.conv.lin.weight".
    private static string AfterGroup(string name, string inserted)
    {
        var at = name.IndexOf('.', "convs.".Length) + 1;
        return name[..at] + inserted + name[at..];
    }
}
