using Contracts;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// Head and blocks of the DeepGCN pipeline for point clouds: a convolution on the neighbours in space, then plain, residual or dense blocks
/// on dilated neighbours in feature space or, with a static graph, in space.
/// Source: Li et al., "DeepGCNs", arXiv 1904.03751, sections 3 and 4.1; deep_gcns_torch DenseDeepGCN.
/// </summary>
public abstract class PointModel : nn.Module<Tensor, GraphBatch?, Tensor>
{
    private readonly GraphConvolution _head;
    private readonly ModuleList<DynamicBlock> _backbone = new();
    private readonly PointModelOptions _options;

    /// <summary>Fresh weights from libtorch's generator.</summary>
    private protected PointModel(string name, PointModelOptions options) : base(name)
    {
        _options = options;
        _head = Convolution(options, options.InChannels);
        var width = FusedChannels = options.Channels;
        for (var i = 0; i < options.Blocks - 1; i++)
        {
            var dilation = options.Dilation(i);
            // A random choice of k out of the k nearest is no other choice.
            var neighbors = new DilatedKnn(options.K, dilation, dilation > 1 ? options.Epsilon : 0);
            _backbone.Add(new DynamicBlock(new DynamicConv(Convolution(options, width), neighbors), options.Block));
            width = options.Block == Backbone.Dense ? width + options.Channels : options.Channels;
            FusedChannels += width;
        }

        register_module("head", _head);
        register_module("backbone", _backbone);
    }

    /// <summary>Parameters of the convolution in space.</summary>
    public IEnumerable<Parameter> HeadParameters => _head.parameters();

    /// <summary>Parameters of the blocks after it.</summary>
    public IEnumerable<Parameter> BackboneParameters => _backbone.SelectMany(block => block.parameters());

    /// <summary>Channels of head and all blocks side by side.</summary>
    protected int FusedChannels { get; }

    /// <summary>Outputs of head and all blocks side by side: points [N, F] give [N, <see cref="FusedChannels"/>].</summary>
    protected Tensor Features(Tensor x, GraphBatch clouds)
    {
        using var scope = NewDisposeScope();
        return cat([.. FeaturesApart(x, clouds)], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>The same, each by itself.</summary>
    private protected IReadOnlyList<Tensor> FeaturesApart(Tensor x, GraphBatch clouds)
    {
        using var scope = NewDisposeScope();
        var coordinates = x.narrow(1, 0, 3);
        var features = new List<Tensor>();
        if (_options.Graph == CloudGraph.Static)
        {
            using var space = new SpaceGraphs(coordinates, clouds, _options);
            features.Add(_head.call(x, space.Of(new DilatedKnn(_options.K), training)));
            foreach (var block in _backbone) { features.Add(block.forward(features[^1], space.Of(block.Neighbors, training))); }
        }
        else
        {
            var space = new DilatedKnn(_options.K).Build(coordinates, clouds, training);
            features.Add(_head.call(x, space));
            space.ReleaseTensors();
            foreach (var block in _backbone) { features.Add(block.call(features[^1], clouds)); }
        }

        return [.. features.Select(each => each.MoveToOuterDisposeScope())];
    }

    /// <summary>All points one cloud where nothing else is said.</summary>
    private protected static GraphBatch OneCloud(Tensor x) => new(new int[x.shape[0]]);

    private static GraphConvolution Convolution(PointModelOptions o, int inChannels) => o.Convolution switch
    {
        CloudConvolution.MaxRelative => new MrConv(inChannels, o.Channels, o.Layer),
        CloudConvolution.Sage => new VigSageConv(inChannels, o.Channels, o.Layer),
        CloudConvolution.Gin => new GinConv(Layered.Layer(inChannels, o.Channels, o.Layer), learnEpsilon: true),
        // The norm over a row's channels does not commute with a maximum by channel, so each edge needs its own row, chunk by chunk.
        _ when o.Layer.Norm == HiddenNorm.Layer => new PerceptronEdgeConv(Layered.Layer(2 * inChannels, o.Channels, o.Layer)),
        _ => new EdgeConv(inChannels, o.Channels, o.Layer),
    };
}
