using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = MLP(x_i + AGG_{j→i}(relu(x_j + e_ji) + ε)), the aggregate normalised to the length of x_i if asked.
/// Source: Li et al., "DeeperGCN: All You Need to Train Deeper GCNs", arXiv 2006.07739, section 3; PyG GENConv.
/// </summary>
public sealed class GenConv : GraphConvolution
{
    private readonly Linear? lin_src;
    private readonly Linear? lin_edge;
    private readonly Linear? lin_dst;
    private readonly Aggregator aggr_module;
    private readonly Sequential mlp;
    private readonly MessageNorm? msg_norm;
    private readonly double _epsilon;

    /// <summary>Linear layers are drawn as in libtorch: uniformly within ±1/√in.</summary>
    /// <param name="inChannels">F; where it differs from F', sources and targets are mapped to F' first.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="options">PyG's defaults if null.</param>
    public GenConv(int inChannels, int outChannels, GenConvOptions? options = null) : base(nameof(GenConv))
    {
        var o = options ?? new GenConvOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(o.Layers, 1, nameof(options));
        _epsilon = o.Epsilon;
        if (inChannels != outChannels)
        {
            lin_src = nn.Linear(inChannels, outChannels, o.Bias);
            lin_dst = nn.Linear(inChannels, outChannels, o.Bias);
        }

        if (o.EdgeChannels is { } edgeChannels && edgeChannels != outChannels)
        {
            lin_edge = nn.Linear(edgeChannels, outChannels, o.Bias);
        }

        aggr_module = o.Reduction == Reduction.PowerMean
            ? new Aggregator(o.Reduction, o.P, o.LearnP)
            : new Aggregator(o.Reduction, o.T, o.LearnT);
        msg_norm = o.MessageNorm ? new MessageNorm(o.LearnMessageScale) : null;
        mlp = Perceptron(outChannels, o);
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph) => Convolve(x, graph, null);

    /// <summary>The same with edge features e, [E, F'] or [E, EdgeChannels].</summary>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges) => Convolve(x, graph, edges);

    private Tensor Convolve(Tensor x, Graph graph, Tensor? edges)
    {
        if (edges is null && Fuses(x, graph)) { return Fused(x, graph, null, null); }
        using var scope = NewDisposeScope();
        var source = lin_src is null ? x : lin_src.call(x); // [N, F']
        var sum = aggr_module.call(new Messages(source, EdgeFeatures.Mapped(edges, lin_edge), Rectified: true, _epsilon), graph);
        if (msg_norm is not null) { sum = msg_norm.call(x, sum); }
        var own = graph.TargetRows(x);
        return Mapped(graph.TargetRows(sum) + (lin_dst is null ? own : lin_dst.call(own))).MoveToOuterDisposeScope();
    }

    internal override Tensor PreActivated(
        Tensor x, Graph graph, Tensor? edges, nn.Module<Tensor, Tensor>? norm, nn.Module<Tensor, Tensor>? act, DropoutMask? mask)
    {
        if (edges is not null || !PreActivation.Fits(norm, act, x, mask) || !Fuses(x, graph) || !norm!.parameters().All(p => p.requires_grad))
        {
            return base.PreActivated(x, graph, edges, norm, act, mask);
        }

        var before = (TorchSharp.Modules.LayerNorm)norm;
        return Fused(x, graph, before, NormReluCall.Of(before, x, mask));
    }

    private bool Fuses(Tensor x, Graph graph) =>
        lin_src is null && msg_norm is null && aggr_module.IsSoftmax && graph.ChunkOf is null && graph.Chunks is null && Kernels.AreSimd(x) && HasNormalizedHalf;

    private bool HasNormalizedHalf => mlp.Count == 5 && mlp[1] is TorchSharp.Modules.LayerNorm && mlp.parameters().All(p => p.requires_grad);

    private Tensor Fused(Tensor x, Graph graph, TorchSharp.Modules.LayerNorm? norm, NormReluCall? before)
    {
        using var scope = NewDisposeScope();
        var (rows, t, linear) = (x.contiguous(), aggr_module.Temperature(x), (Linear)mlp[0]);
        var call = new GenConvCall(
            Kernels.For(x), graph, _epsilon, aggr_module.Stops, before, linear.bias is not null, x.requires_grad, t.requires_grad);
        var z = GenConvFunction.Of(rows, norm, t, linear, call); // [N, 2F']
        return NormalizedLinear.Of((TorchSharp.Modules.LayerNorm)mlp[1], (Linear)mlp[4], z).MoveToOuterDisposeScope();
    }

    private Tensor Mapped(Tensor x) => HasNormalizedHalf
        ? NormalizedLinear.Of((TorchSharp.Modules.LayerNorm)mlp[1], (Linear)mlp[4], ((Linear)mlp[0]).call(x))
        : mlp.call(x);

    // Names count linear, norm, activation and dropout as PyG's MLP does, dropout being 0 there.
    private static Sequential Perceptron(int channels, GenConvOptions o)
    {
        var layers = new List<nn.Module<Tensor, Tensor>>();
        var width = channels;
        for (var layer = 1; layer < o.Layers; layer++)
        {
            var hidden = channels * o.Expansion;
            layers.Add(nn.Linear(width, hidden, o.Bias));
            if (o.Norm == HiddenNorm.Batch) { layers.Add(nn.BatchNorm1d(hidden)); }
            if (o.Norm == HiddenNorm.Layer) { layers.Add(nn.LayerNorm(hidden)); }
            layers.Add(nn.ReLU());
            layers.Add(nn.Identity());
            width = hidden;
        }

        layers.Add(nn.Linear(width, channels, o.Bias));
        return nn.Sequential(layers.Select((layer, i) => ($"{i}", layer)));
    }
}
