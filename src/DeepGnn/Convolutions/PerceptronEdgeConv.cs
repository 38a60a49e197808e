using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = AGG_{j→i} h([x_i, x_j − x_i]) with any h; 0 without neighbours. h runs on chunks of edges and again in the backward pass, so
/// that memory does not grow with E·F'. Source: arXiv 1801.07829, equation 8; PyG EdgeConv.
/// </summary>
public sealed class PerceptronEdgeConv : GraphConvolution
{
    [ComponentName(Name = "nn")] private readonly nn.Module<Tensor, Tensor> _perceptron;
    private readonly Reduction _reduction;

    /// <summary>The perceptron becomes a child of this module.</summary>
    /// <param name="perceptron">h: [·, 2F] gives [·, F']; row by row, so no batch normalisation.</param>
    /// <param name="reduction">Sum, mean or maximum.</param>
    public PerceptronEdgeConv(nn.Module<Tensor, Tensor> perceptron, Reduction reduction = Reduction.Max) : base(nameof(PerceptronEdgeConv))
    {
        if (reduction is not (Reduction.Sum or Reduction.Mean or Reduction.Max))
        {
            throw new NotSupportedException($"edge convolution: found reduction {reduction}, needed Sum, Mean or Max");
        }

        if (perceptron.modules().Any(m => m is BatchNorm1d))
        {
            throw new NotSupportedException($"edge convolution: found a batch normalisation in the perceptron, needed {nameof(EdgeConv)}");
        }

        (_perceptron, _reduction) = (perceptron, reduction);
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph) => EdgeFunction.Reduce(_perceptron, x, graph, _reduction);
}
