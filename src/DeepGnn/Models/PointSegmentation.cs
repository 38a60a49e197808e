using System.Diagnostics.CodeAnalysis;
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

    /// <summary>Fresh weights from libtorch's generator.</summary>
    public PointSegmentation(PointSegmentationOptions options) : base(nameof(PointSegmentation), options)
    {
        var o = options;
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
        var all = Features(x, batch); // [N, Σ widths]
        var whole = batch.Max(fusion_block.call(all)); // [G, 1024], one row for each cloud
        var h = First(whole, all, batch);
        foreach (var layer in prediction.children().Skip(1)) { h = ((nn.Module<Tensor, Tensor>)layer).call(h); }
        return h.MoveToOuterDisposeScope();
    }

    // W[whole, all] + b by halves of W: a cloud's row is mapped once, not once for each of its points, and the two are never put side by side.
    private Tensor First(Tensor whole, Tensor all, GraphBatch batch)
    {
        var layer = (Sequential)prediction[0];
        var linear = (Linear)layer[0];
        var (ofWhole, ofAll) = (linear.weight!.narrow(1, 0, whole.shape[1]), linear.weight!.narrow(1, whole.shape[1], all.shape[1]));
        var h = all.matmul(ofAll.t()) + batch.Spread(nn.functional.linear(whole, ofWhole, linear.bias)); // [N, 512]
        foreach (var part in layer.children().Skip(1)) { h = ((nn.Module<Tensor, Tensor>)part).call(h); }
        return h;
    }
}
