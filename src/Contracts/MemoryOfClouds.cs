namespace Contracts;

/// <summary>
/// The same counts for a model of point clouds (DeepGCNs): a convolution in space and L − 1 blocks, their outputs side by side, mapped to the
/// fusion's channels, the maximum over the cloud repeated, and a prediction of two hidden layers.
/// </summary>
internal sealed class MemoryOfClouds(ModelSpec model, bool segmentation, long features, long classes)
{
    private readonly long _width = model.HiddenChannels;

    private long Hidden1 => model.PredictionHidden is [var first, _] ? first : 512;

    private long Hidden2 => model.PredictionHidden is [_, var second] ? second : 256;

    private bool Norms => model.Normalization != Normalization.None;

    private long Fused => Enumerable.Range(0, model.Layers).Sum(Out);

    public long Parameters
    {
        get
        {
            var sum = (2 * features * _width) + (3 * _width);
            for (var block = 1; block < model.Layers; block++) { sum += (2 * Out(block - 1) * _width) + (3 * _width); }
            sum += (Fused * model.FusionChannels) + (3 * model.FusionChannels);
            var predicted = segmentation ? Fused + model.FusionChannels : 2 * model.FusionChannels;
            return sum + (predicted * Hidden1) + (Hidden1 * Hidden2) + (Hidden2 * classes) + (3 * (Hidden1 + Hidden2));
        }
    }

    /// <summary>Saved by a training step on so many points.</summary>
    public long Kept(long points)
    {
        // A layer of linear → activation → norm saves its input, the activation's result, and the norm's input, which is the same.
        var layer = Norms ? 2.0 : 1;
        var perPoint = 0.0;
        for (var block = 0; block < model.Layers; block++)
        {
            var input = block == 0 ? features : Out(block - 1);
            perPoint += (model.Convolution == Convolution.Mr ? 3 * input : input) + (ConvolutionRows * _width)
                // Both ends of each edge, and the targets and numbers of those that leave a point.
                + (4.0 * model.Neighborhood.K);
        }

        // The fusion of a segmentation is one function on the blocks' outputs and keeps the mapped rows alone.
        perPoint += FusesAtOnce ? Out(model.Layers - 1) + model.FusionChannels
            : Fused + (layer * model.FusionChannels) + (segmentation ? Fused + model.FusionChannels : 0);
        if (segmentation) { perPoint += (layer * (Hidden1 + Hidden2)) + (model.Dropout > 0 ? 2 * Hidden2 : 0) + (2 * classes); }
        return (long)(perPoint * points);
    }

    /// <summary>Alive for a moment: the gradients at the widest place, which is the fusion.</summary>
    public long Transient(long points) =>
        (FusesAtOnce ? Math.Max(((model.Backbone == Backbone.Dense ? 2 : 1) * Fused) + Hidden1, 4 * _width) : segmentation ? Math.Max((2 * (Fused + model.FusionChannels)) + Hidden1, 4 * _width) : 2 * model.FusionChannels) * points;

    private bool FusesAtOnce => segmentation && model.Normalization != Normalization.Layer;

    private double ConvolutionRows => model.Convolution switch
    {
        Convolution.Edge => Norms ? 2 : 1,
        Convolution.Mr => Norms ? 3 : 2,
        Convolution.Gin => Norms ? 3 : 2,
        _ => Norms ? 4 : 3,
    };

    private long Out(int block) => model.Backbone == Backbone.Dense ? (block + 1) * _width : _width;
}
