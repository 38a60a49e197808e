using Contracts;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// One layer of GCNII: h ← ReLU(norm(conv_l(dropout(h), h_0))) with the convolution of <see cref="Gcn2Conv"/>: each layer sees the initial
/// features h_0 again and stays the closer to the identity the deeper it is.
/// <para>Source: Chen et al., "Simple and Deep Graph Convolutional Networks", arXiv:2007.02133, equation 5.</para>
/// </summary>
internal sealed class InitialResidualLayer : nn.Module<Tensor, Tensor, Graph, Tensor>
{
    private readonly Gcn2Conv conv;
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly double _dropout;

    /// <param name="spec">Width, α, θ, normalisation, dropout.</param>
    /// <param name="layer">l, counted from 1.</param>
    public InitialResidualLayer(ModelSpec spec, int layer) : base(nameof(InitialResidualLayer))
    {
        conv = new Gcn2Conv(spec.HiddenChannels, spec.Alpha, spec.Theta, layer, sharedWeights: !spec.SeparateWeights);
        norm = Modules.Normalization(spec.Normalization, spec.HiddenChannels);
        _dropout = spec.Dropout;
        RegisterComponents();
    }

    /// <summary>h and h_0 are [N, D], so is the result.</summary>
    public override Tensor forward(Tensor h, Tensor initial, Graph graph) => Run([this], h, initial, graph);

    /// <summary>One of a model's layers after the other.</summary>
    public static Tensor Run(InitialResidualLayer[] layers, Tensor h, Tensor initial, Graph graph)
    {
        if (layers[0].norm is null && graph.Chunks is null)
        {
            return Gcn2Conv.Rectified(Array.ConvertAll(layers, layer => layer.conv), h, initial, graph, layers[0].training ? layers[0]._dropout : 0);
        }

        for (var l = 0; l < layers.Length; l++)
        {
            var before = h;
            h = layers[l].Normalized(h, initial, graph);
            if (l > 0) { before.Dispose(); }
        }

        return h;
    }

    private Tensor Normalized(Tensor h, Tensor initial, Graph graph)
    {
        using var scope = NewDisposeScope();
        var convolved = Convolved(HashDropout.Apply(h, _dropout, training), initial, graph);
        return nn.functional.relu(NodeNormalization.Of(norm, convolved, graph)).MoveToOuterDisposeScope();
    }

    private Tensor Convolved(Tensor h, Tensor initial, Graph graph) => graph.Chunks is { } chunks
        ? chunks.Rows(chunk => conv.forward(chunk.Pick(h), chunk.Pick(initial), chunk.Graph))
        : conv.forward(h, initial, graph);
}
