using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>From the words of a spec to modules.</summary>
internal static class Modules
{
    public static GraphConvolution Convolution(ModelSpec spec, int inChannels, int outChannels) => spec.Convolution switch
    {
        Contracts.Convolution.Gcn => new GcnConv(inChannels, outChannels),
        Contracts.Convolution.Gen => new GenConv(inChannels, outChannels, new GenConvOptions
        {
            Reduction = spec.Aggregation switch
            {
                Contracts.Aggregation.Softmax => Reduction.Softmax,
                Contracts.Aggregation.Mean => Reduction.Mean,
                Contracts.Aggregation.Max => Reduction.Max,
                Contracts.Aggregation.Sum => Reduction.Sum,
                _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Aggregation, "unknown aggregation"),
            },
            LearnT = spec.LearnTemperature,
            Norm = spec.Normalization switch
            {
                Contracts.Normalization.None => HiddenNorm.None,
                Contracts.Normalization.Batch => HiddenNorm.Batch,
                Contracts.Normalization.Layer => HiddenNorm.Layer,
                _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Normalization, "unknown normalisation"),
            },
        }),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Convolution, "unknown convolution"),
    };

    public static nn.Module<Tensor, Tensor>? Normalization(Normalization normalization, int channels) => normalization switch
    {
        Contracts.Normalization.None => null,
        Contracts.Normalization.Batch => nn.BatchNorm1d(channels),
        Contracts.Normalization.Layer => nn.LayerNorm([channels]),
        _ => throw new ArgumentOutOfRangeException(nameof(normalization), normalization, "unknown normalisation"),
    };

    /// <summary>Hidden layers of linear → norm → ReLU → dropout, then a linear layer to the classes.</summary>
    public static Sequential PredictionMlp(ModelSpec spec, int inChannels, int classes)
    {
        var modules = new List<nn.Module<Tensor, Tensor>>();
        var width = inChannels;
        foreach (var hidden in spec.PredictionHidden)
        {
            modules.Add(nn.Linear(width, hidden));
            if (Normalization(spec.Normalization, hidden) is { } norm) { modules.Add(norm); }
            modules.Add(nn.ReLU());
            modules.Add(nn.Dropout(spec.Dropout));
            width = hidden;
        }

        modules.Add(nn.Linear(width, classes));
        return nn.Sequential(modules);
    }
}
