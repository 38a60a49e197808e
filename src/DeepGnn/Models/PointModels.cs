using Contracts;
using DeepGnn.Convolutions;

namespace DeepGnn.Models;

/// <summary>From the words of a spec to a model of point clouds.</summary>
internal static class PointModels
{
    /// <param name="spec">A spec without faults.</param>
    /// <param name="segmentation">Whether points are classified, or whole clouds.</param>
    /// <param name="inChannels">Coordinates and features of a point.</param>
    /// <param name="classes">C.</param>
    public static PointModelOptions Options(ModelSpec spec, bool segmentation, int inChannels, int classes)
    {
        PointModelOptions options = segmentation ? new PointSegmentationOptions() : new PointClassificationOptions();
        return options with
        {
            InChannels = inChannels,
            Classes = classes,
            Channels = spec.HiddenChannels,
            Blocks = spec.Layers,
            K = spec.Neighborhood.K,
            Block = spec.Backbone,
            Convolution = Convolution(spec.Convolution),
            Graph = spec.Neighborhood.Dynamic ? CloudGraph.Dynamic : CloudGraph.Static,
            Dilated = spec.Neighborhood.Dilated && spec.Backbone != Backbone.Plain,
            Epsilon = spec.Neighborhood.Epsilon,
            Radius = spec.Neighborhood.Radius,
            Layer = options.Layer with { Norm = Norm(spec.Normalization) },
            Fusion = spec.FusionChannels,
            Hidden = spec.PredictionHidden is [var first, var second] ? (first, second) : options.Hidden,
            Dropout = spec.Dropout,
        };
    }

    public static PointModel Create(PointModelOptions options) => options switch
    {
        PointClassificationOptions classification => new PointClassification(classification),
        PointSegmentationOptions segmentation => new PointSegmentation(segmentation),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options, "no such model"),
    };

    private static CloudConvolution Convolution(Contracts.Convolution convolution) => convolution switch
    {
        Contracts.Convolution.Edge => CloudConvolution.Edge,
        Contracts.Convolution.Mr => CloudConvolution.MaxRelative,
        Contracts.Convolution.Sage => CloudConvolution.Sage,
        Contracts.Convolution.Gin => CloudConvolution.Gin,
        _ => throw new ArgumentOutOfRangeException(nameof(convolution), convolution, "no convolution of point clouds"),
    };

    private static HiddenNorm Norm(Normalization normalization) => normalization switch
    {
        Normalization.Batch => HiddenNorm.Batch,
        Normalization.Layer => HiddenNorm.Layer,
        Normalization.None => HiddenNorm.None,
        _ => throw new ArgumentOutOfRangeException(nameof(normalization), normalization, "no normalisation of point clouds"),
    };
}
