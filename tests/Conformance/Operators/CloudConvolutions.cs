using Contracts;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace Conformance.Operators;

/// <summary>Convolutions on x [B, F, N, 1]: our rows are the B·N points, one after the other.</summary>
internal static class CloudConvolutions
{
    public static BuiltOperator Edge(GoldenCase golden) =>
        Convolution(golden, c => SparseConvolutions.EdgeOf(c.Count("in_channels"), c.Count("out_channels"), SparseConvolutions.Layer(c, normFirst: false)));

    public static BuiltOperator Mr(GoldenCase golden) =>
        Convolution(golden, c => new MrConv(c.Count("in_channels"), c.Count("out_channels"), SparseConvolutions.Layer(c, normFirst: false)));

    public static BuiltOperator VigMr(GoldenCase golden) => Convolution(golden, c =>
        new MrConv(c.Count("in_channels"), c.Count("out_channels"), SparseConvolutions.Layer(c, normFirst: true), interleaved: true));

    public static BuiltOperator VigSage(GoldenCase golden) => Convolution(golden, c =>
        new VigSageConv(c.Count("in_channels"), c.Count("out_channels"), SparseConvolutions.Layer(c, normFirst: true)));

    public static BuiltOperator VigGin(GoldenCase golden) => Convolution(golden, c => new GinConv(
        Layered.Layer(c.Count("in_channels"), c.Count("out_channels"), SparseConvolutions.Layer(c, normFirst: true)), 0, learnEpsilon: true));

    public static BuiltOperator DynamicBlock(GoldenCase golden, Backbone block)
    {
        var c = golden.Config;
        c.Note("B", "N");
        c.Only("knn", "\"matrix\"");
        c.Only("res_scale", "1", "1.0");
        var neighbors = NeighborGraphs.Regular(golden, c.Count("dilation", 1));
        var module = new DynamicBlock(new DynamicConv(Named(c, c.Count("in_channels"), c.Count("out_channels")), neighbors), block);
        return BuiltOperator.Of(module, inputs => Clouds(module.call(Rows(inputs["x"]), Batch(inputs["x"])), inputs["x"].shape[0]));
    }

    private static GraphConvolution Named(CaseConfig c, int inChannels, int outChannels) => c.Text("conv", "edge") switch
    {
        "edge" => SparseConvolutions.EdgeOf(inChannels, outChannels, SparseConvolutions.Layer(c, normFirst: false)),
        "mr" => new MrConv(inChannels, outChannels, SparseConvolutions.Layer(c, normFirst: false)),
        var other => throw new UnsupportedCaseException($"conv {other}"),
    };

    /// <summary>[B, F, N, 1] gives [B·N, F].</summary>
    public static Tensor Rows(Tensor x) => x.squeeze(3).transpose(1, 2).reshape(-1, x.shape[1]);

    /// <summary>[B·N, F] gives [B, F, N, 1].</summary>
    public static Tensor Clouds(Tensor rows, long clouds) => rows.view(clouds, -1, rows.shape[1]).transpose(1, 2).unsqueeze(3);

    /// <summary>B clouds of N points.</summary>
    public static GraphBatch Batch(Tensor x) => new([.. Enumerable.Range(0, (int)(x.shape[0] * x.shape[2])).Select(i => i / (int)x.shape[2])]);

    private static BuiltOperator Convolution(GoldenCase golden, Func<CaseConfig, GraphConvolution> make)
    {
        golden.Config.Note("B", "N", "k");
        var module = make(golden.Config);
        return BuiltOperator.Of(module, inputs =>
            Clouds(module.call(Rows(inputs["x"]), GraphOf(golden.Inputs["edge_index"])), inputs["x"].shape[0]));
    }

    /// <summary>edge_index [2, B, N, k], numbered within each cloud.</summary>
    private static Graph GraphOf(GoldenTensor edges)
    {
        var (nodes, k) = ((int)edges.Shape[2], (int)edges.Shape[3]);
        var half = edges.Integers!.Length / 2;
        int[] End(int first) => [.. Enumerable.Range(0, half).Select(e => (int)edges.Integers[first + e] + (e / (nodes * k) * nodes))];
        return new Graph((int)edges.Shape[1] * nodes, End(0), End(half));
    }
}
