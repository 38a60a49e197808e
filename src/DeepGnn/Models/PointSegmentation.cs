using Contracts;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>Which convolution a point-cloud model is made of.</summary>
public enum CloudConvolution
{
    /// <summary><see cref="EdgeConv"/>.</summary>
    Edge,

    /// <summary><see cref="MrConv"/>.</summary>
    MaxRelative,
}

/// <summary>Defaults are those of DeepGCNs on S3DIS.</summary>
public sealed record PointSegmentationOptions
{
    /// <summary>Input channels; the first three are coordinates.</summary>
    public int InChannels { get; init; } = 9;

    /// <summary>Number of classes.</summary>
    public int Classes { get; init; } = 13;

    /// <summary>Channels of each block.</summary>
    public int Channels { get; init; } = 64;

    /// <summary>Blocks, the head included.</summary>
    public int Blocks { get; init; } = 28;

    /// <summary>Neighbours k.</summary>
    public int K { get; init; } = 16;

    /// <summary>Plain, Res or Dense; dilation grows by 1 a block but in plain ones.</summary>
    public Backbone Block { get; init; } = Backbone.Res;

    /// <summary>The convolution.</summary>
    public CloudConvolution Convolution { get; init; } = CloudConvolution.Edge;

    /// <summary>Layers are linear → activation → norm.</summary>
    public LayerOptions Layer { get; init; } = new() { Norm = HiddenNorm.Batch, NormFirst = false };

    /// <summary>Probability of random instead of regular dilated neighbours while training.</summary>
    public double Epsilon { get; init; } = 0.2;

    /// <summary>Probability of a value being dropped before the last layer while training.</summary>
    public double Dropout { get; init; } = 0.3;

    /// <summary>Channels of the pooled feature of the whole cloud.</summary>
    public int Fusion { get; init; } = 1024;

    /// <summary>Hidden channels of the prediction.</summary>
    public (int First, int Second) Hidden { get; init; } = (512, 256);
}

/// <summary>
/// The DeepGCN pipeline for point clouds: a convolution on the neighbours in space → blocks on the neighbours in feature space, dilated →
/// all outputs concatenated, mapped to 1,024 channels, their maximum over the cloud repeated for each point and concatenated → prediction.
/// Source: Li et al., "DeepGCNs", arXiv 1904.03751, section 4.1; deep_gcns_torch DenseDeepGCN.
/// </summary>
public sealed class PointSegmentation : nn.Module<Tensor, GraphBatch?, Tensor>
{
    private readonly GraphConvolution head;
    private readonly ModuleList<DynamicBlock> backbone;
    private readonly Sequential fusion_block;
    private readonly Sequential prediction;
    private readonly DilatedKnn _space;

    /// <summary>Fresh weights from libtorch's generator.</summary>
    public PointSegmentation(PointSegmentationOptions options) : base(nameof(PointSegmentation))
    {
        var o = options;
        var plain = o.Block == Backbone.Plain;
        _space = new DilatedKnn(o.K, 1, o.Epsilon);
        head = Convolution(o, o.InChannels);
        var widths = new List<int> { o.Channels };
        backbone = new ModuleList<DynamicBlock>();
        for (var i = 0; i < o.Blocks - 1; i++)
        {
            var neighbors = plain ? new DilatedKnn(o.K) : new DilatedKnn(o.K, i + 1, o.Epsilon);
            backbone.Add(new DynamicBlock(new DynamicConv(Convolution(o, widths[^1]), neighbors), o.Block));
            widths.Add(o.Block == Backbone.Dense ? widths[^1] + o.Channels : o.Channels);
        }

        fusion_block = Layered.Layer(widths.Sum(), o.Fusion, o.Layer);
        prediction = nn.Sequential(
            ("0", Layered.Layer(widths.Sum() + o.Fusion, o.Hidden.First, o.Layer)),
            ("1", Layered.Layer(o.Hidden.First, o.Hidden.Second, o.Layer)),
            ("2", nn.Dropout(o.Dropout)),
            ("3", Layered.Layer(o.Hidden.Second, o.Classes, o.Layer with { Activation = Activation.None, Norm = HiddenNorm.None })));
        RegisterComponents();
    }

    /// <summary>Points [N, F] of one or several clouds give scores [N, classes].</summary>
    public override Tensor forward(Tensor x, GraphBatch? clouds)
    {
        using var scope = NewDisposeScope();
        var batch = clouds ?? new GraphBatch(new int[x.shape[0]]);
        var space = _space.Build(x.narrow(1, 0, 3), batch, training);
        var features = new List<Tensor> { head.call(x, space) };
        space.ReleaseTensors();
        foreach (var block in backbone) { features.Add(block.call(features[^1], batch)); }
        var all = cat([.. features], dim: 1); // [N, Σ widths]
        var whole = batch.Spread(batch.Max(fusion_block.call(all))); // [N, 1024], one row for each cloud
        return prediction.call(cat([whole, all], dim: 1)).MoveToOuterDisposeScope();
    }

    private static GraphConvolution Convolution(PointSegmentationOptions o, int inChannels) => o.Convolution switch
    {
        CloudConvolution.Edge => new EdgeConv(inChannels, o.Channels, o.Layer),
        _ => new MrConv(inChannels, o.Channels, o.Layer),
    };
}
