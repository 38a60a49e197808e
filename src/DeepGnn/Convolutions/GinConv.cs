using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = h((1 + ε) x_i + Σ_{j→i} x_j), h a perceptron.
/// Source: Xu et al., "How Powerful are Graph Neural Networks?", arXiv 1810.00826, equation 4.1; PyG GINConv.
/// </summary>
public sealed class GinConv : GraphConvolution
{
    [ComponentName(Name = "nn")] private readonly nn.Module<Tensor, Tensor> _perceptron;
    [ComponentName(Name = "eps")] private readonly Tensor _epsilon;

    /// <summary>The perceptron becomes a child of this module.</summary>
    /// <param name="perceptron">h: [N, F] gives [N, F'].</param>
    /// <param name="epsilon">ε at the start.</param>
    /// <param name="learnEpsilon">Whether ε is a parameter.</param>
    public GinConv(nn.Module<Tensor, Tensor> perceptron, double epsilon = 0, bool learnEpsilon = false) : base(nameof(GinConv))
    {
        _perceptron = perceptron;
        var initial = full([1], epsilon);
        _epsilon = learnEpsilon ? nn.Parameter(initial) : initial;
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        return _perceptron.call(graph.TargetRows(Aggregate.Sum(x, graph)) + (graph.TargetRows(x) * (1 + _epsilon))).MoveToOuterDisposeScope();
    }
}
