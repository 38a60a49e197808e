using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = h_2([x_i, max_{j→i} h_1(x_j)]), each h one layer (linear → norm → activation). h_1 sees each source once for every edge it sends;
/// it is computed once for each node, and its batch statistics weigh nodes by their outgoing edges.
/// Source: Han et al., "Vision GNN", arXiv 2206.00272; its GraphSAGE.
/// </summary>
public sealed class VigSageConv : GraphConvolution
{
    [ComponentName(Name = "nn1")] private readonly Sequential _first;
    [ComponentName(Name = "nn2")] private readonly Sequential _second;
    private readonly LayerOptions _options;

    /// <summary>h_1 keeps the width.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="options">Both layers, norm before activation.</param>
    public VigSageConv(int inChannels, int outChannels, LayerOptions? options = null) : base(nameof(VigSageConv))
    {
        _options = (options ?? new LayerOptions()) with { NormFirst = true };
        _first = Layered.Layer(inChannels, inChannels, _options);
        _second = Layered.Layer(2 * inChannels, outChannels, _options);
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        var sent = _options.Norm == HiddenNorm.Batch ? Normalized(x, graph) : _first.call(x);
        return _second.call(cat([x, Aggregate.Max(sent, graph)], dim: 1)).MoveToOuterDisposeScope();
    }

    private Tensor Normalized(Tensor x, Graph graph)
    {
        var y = ((nn.Module<Tensor, Tensor>)_first[0]).call(x);
        var norm = (BatchNorm1d)_first[1];
        var normalized = training
            ? EdgeBatchNorm.Trained(norm, y, Moments(y, graph), graph.EdgeCount)
            : EdgeBatchNorm.Running(norm, y);
        return _options.Activation == Activation.None ? normalized : ((nn.Module<Tensor, Tensor>)_first[2]).call(normalized);
    }

    private static Tensor Moments(Tensor y, Graph graph)
    {
        var shares = tensor(
            Enumerable.Range(0, graph.NodeCount).Select(j => graph.Outgoing.Degree(j) / (double)Math.Max(1, graph.EdgeCount)).ToArray(),
            y.dtype, y.device).unsqueeze(1); // [N, 1]
        var mean = (y * shares).sum(dim: 0);
        return stack([mean, ((y - mean).square() * shares).sum(dim: 0)]);
    }
}
