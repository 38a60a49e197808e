using System.Diagnostics.CodeAnalysis;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>Defaults are those of DeepGCNs on ModelNet40.</summary>
public sealed record PointClassificationOptions : PointModelOptions
{
    /// <summary>Three input channels, 40 classes, 9 neighbours, dropout 0.5 after each hidden layer.</summary>
    [SetsRequiredMembers]
    public PointClassificationOptions() => (InChannels, Classes, K, Dropout) = (3, 40, 9, 0.5);
}

/// <summary>
/// A class for each cloud: head and blocks (<see cref="PointModel"/>) → all their outputs side by side, mapped to 1,024 channels without bias,
/// maximum and mean over the cloud side by side → prediction of two hidden layers, each with dropout. Leaky ReLU of slope 0.2 after the blocks.
/// Source: Li et al., "DeepGCNs", arXiv 1910.06849, section 4; deep_gcns_torch examples/modelnet_cls DeepGCN.
/// </summary>
public sealed class PointClassification : PointModel
{
    private readonly Sequential fusion_block;
    private readonly Sequential prediction;

    /// <summary>Fresh weights from libtorch's generator.</summary>
    public PointClassification(PointClassificationOptions options) : base(nameof(PointClassification), options)
    {
        var o = options;
        var layer = o.Layer with { Activation = Activation.LeakyRelu };
        fusion_block = Layered.Layer(FusedChannels, o.Fusion, layer with { Bias = false });
        prediction = nn.Sequential(
            ("0", Hidden(2 * o.Fusion, o.Hidden.First)),
            ("1", Hidden(o.Hidden.First, o.Hidden.Second)),
            ("2", Layered.Layer(o.Hidden.Second, o.Classes, o.Layer with { Activation = Activation.None, Norm = HiddenNorm.None })));
        RegisterComponents();

        Sequential Hidden(int inChannels, int outChannels)
        {
            var hidden = Layered.Layer(inChannels, outChannels, layer);
            return hidden.append($"{hidden.Count}", nn.Dropout(o.Dropout));
        }
    }

    /// <summary>Points [N, F] of G clouds give scores [G, classes]. With batch normalisation a training pass needs at least two clouds.</summary>
    /// <exception cref="ArgumentException">A cloud has fewer points than k·d; see <see cref="PointModelOptions.Check"/>.</exception>
    public override Tensor forward(Tensor x, GraphBatch? clouds)
    {
        using var scope = NewDisposeScope();
        var batch = clouds ?? OneCloud(x);
        var fused = fusion_block.call(Features(x, batch)); // [N, 1024]
        return prediction.call(cat([batch.Max(fused), batch.Mean(fused)], dim: 1)).MoveToOuterDisposeScope();
    }
}
