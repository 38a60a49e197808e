using System.Diagnostics.CodeAnalysis;
using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>Defaults are those of DeepGCNs on S3DIS.</summary>
public sealed record PointSegmentationOptions : PointModelOptions
{
    /// <summary>Nine input channels, 13 classes, dropout 0.3 before the last layer.</summary>
    [SetsRequiredMembers]
    public PointSegmentationOptions() => (InChannels, Classes, Dropout) = (9, 13, 0.3);
}

/// <summary>
/// A class for each point: head and blocks (<see cref="PointModel"/>) → all their outputs side by side, mapped to 1,024 channels, the maximum
/// over the cloud repeated for each point and put beside them → prediction of two hidden layers with dropout before the last.
/// Source: Li et al., "DeepGCNs", arXiv 1904.03751, section 4.1; deep_gcns_torch DenseDeepGCN.
/// </summary>
public sealed class PointSegmentation : PointModel
{
    private readonly Sequential fusion_block;
    private readonly Sequential prediction;
    private readonly LayerOptions _layer;

    /// <summary>Fresh weights from libtorch's generator.</summary>
    public PointSegmentation(PointSegmentationOptions options) : base(nameof(PointSegmentation), options)
    {
        var o = options;
        _layer = o.Layer;
        fusion_block = Layered.Layer(FusedChannels, o.Fusion, o.Layer);
        prediction = nn.Sequential(
            ("0", Layered.Layer(FusedChannels + o.Fusion, o.Hidden.First, o.Layer)),
            ("1", Layered.Layer(o.Hidden.First, o.Hidden.Second, o.Layer)),
            ("2", nn.Dropout(o.Dropout)),
            ("3", Layered.Layer(o.Hidden.Second, o.Classes, o.Layer with { Activation = Activation.None, Norm = HiddenNorm.None })));
        RegisterComponents();
    }

    /// <summary>Points [N, F] of one or several clouds give scores [N, classes].</summary>
    /// <exception cref="ArgumentException">A cloud has fewer points than k·d; see <see cref="PointModelOptions.Check"/>.</exception>
    public override Tensor forward(Tensor x, GraphBatch? clouds)
    {
        using var scope = NewDisposeScope();
        var batch = clouds ?? OneCloud(x);
        var h = Fused(FeaturesApart(x, batch), batch); // [N, 512]
        foreach (var part in ((Sequential)prediction[0]).children().Skip(1)) { h = ((nn.Module<Tensor, Tensor>)part).call(h); }
        foreach (var layer in prediction.children().Skip(1)) { h = ((nn.Module<Tensor, Tensor>)layer).call(h); }
        return h.MoveToOuterDisposeScope();
    }

    // W[whole, all] + b with whole [G, 1024] the maxima of each cloud: one function where kernels of ours have all that it takes.
    private Tensor Fused(IReadOnlyList<Tensor> features, GraphBatch clouds)
    {
        var (layer, linear) = ((Sequential)fusion_block, (Linear)((Sequential)prediction[0])[0]);
        if (_layer.Slope is { } slope && _layer.Norm != HiddenNorm.Layer && !clouds.HasEmpty && layer[0] is Linear fusion
            && Kernels.AreSimd(features[0]) && features[0].dtype == fusion.weight!.dtype)
        {
            var (normed, after) = (_layer.Norm == HiddenNorm.Batch, _layer.Norm == HiddenNorm.Batch && _layer.NormFirst);
            var norm = normed ? layer.children().OfType<BatchNorm1d>().Single() : null;
            var call = new EdgeConvCall(clouds.Pooling, norm, training && normed, after ? 1 : slope, after ? slope : 1, InputNeeded: true);
            return CloudFusion.Of(features, fusion, linear, new CloudFusionCall(call, clouds, features.Count));
        }

        var all = cat([.. features], dim: 1); // [N, Σ widths]
        return Halves(clouds.Max(layer.call(all)), all, linear, clouds);
    }

    // By halves of W: a cloud's row is mapped once, not once for each of its points, and the two are never put side by side.
    private static Tensor Halves(Tensor whole, Tensor all, Linear linear, GraphBatch clouds)
    {
        var (ofWhole, ofAll) = (linear.weight!.narrow(1, 0, whole.shape[1]), linear.weight!.narrow(1, whole.shape[1], all.shape[1]));
        return all.matmul(ofAll.t()) + clouds.Spread(nn.functional.linear(whole, ofWhole, linear.bias));
    }
}
