using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = h((1 + ε) x_i + Σ_{j→i} relu(x_j + e_ji)), e mapped to F channels where it has others.
/// Source: Hu et al., "Strategies for Pre-training Graph Neural Networks", arXiv 1905.12265, appendix A; PyG GINEConv.
/// </summary>
public sealed class GineConv : GraphConvolution
{
    [ComponentName(Name = "nn")] private readonly nn.Module<Tensor, Tensor> _perceptron;
    [ComponentName(Name = "eps")] private readonly Tensor _epsilon;
    private readonly Linear? lin;

    /// <summary>The perceptron becomes a child of this module.</summary>
    /// <param name="perceptron">h: [N, F] gives [N, F'].</param>
    /// <param name="epsilon">ε at the start.</param>
    /// <param name="learnEpsilon">Whether ε is a parameter.</param>
    /// <param name="edgeChannels">Channels of e, mapped to <paramref name="inChannels"/>; null: e has F channels.</param>
    /// <param name="inChannels">F, needed with <paramref name="edgeChannels"/>.</param>
    public GineConv(
        nn.Module<Tensor, Tensor> perceptron, double epsilon = 0, bool learnEpsilon = false, int? edgeChannels = null, int inChannels = 0)
        : base(nameof(GineConv))
    {
        _perceptron = perceptron;
        var initial = full([1], epsilon);
        _epsilon = learnEpsilon ? nn.Parameter(initial) : initial;
        lin = edgeChannels is { } channels ? nn.Linear(channels, inChannels) : null;
        RegisterComponents();
    }

    /// <summary>Without edge features e is 0.</summary>
    public override Tensor forward(Tensor x, Graph graph) => Convolve(x, graph, null);

    /// <summary>x is [N, F], edges e [E, F] or [E, edgeChannels], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges) => Convolve(x, graph, edges);

    private Tensor Convolve(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        var sum = Aggregate.Sum(new Messages(x, EdgeFeatures.Mapped(edges, lin), Rectified: true), graph);
        return _perceptron.call(graph.TargetRows(sum) + (graph.TargetRows(x) * (1 + _epsilon))).MoveToOuterDisposeScope();
    }
}
