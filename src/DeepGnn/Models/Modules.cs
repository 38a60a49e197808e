using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using DeepGnn.Normalizations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>From the words of a spec to modules.</summary>
internal static class Modules
{
    /// <summary>A convolution whose output has <paramref name="outChannels"/> channels; heads are concatenated where they divide them, else averaged.</summary>
    /// <param name="spec">Kind and options.</param>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="edgeChannels">Channels of the edge features that its messages take in, or null.</param>
    public static GraphConvolution Convolution(ModelSpec spec, int inChannels, int outChannels, int? edgeChannels = null) => spec.Convolution switch
    {
        Contracts.Convolution.Gcn => new GcnConv(inChannels, outChannels),
        Contracts.Convolution.Gen => new GenConv(inChannels, outChannels, new GenConvOptions
        {
            Reduction = Reduction(spec.Aggregation, Aggregation.Reduction.Softmax),
            T = spec.Temperature,
            LearnT = spec.LearnTemperature,
            P = spec.Temperature,
            LearnP = spec.LearnTemperature,
            MessageNorm = spec.MessageNorm,
            LearnMessageScale = spec.MessageNorm,
            Layers = spec.MlpLayers,
            Norm = HiddenNorm(spec.Normalization),
            EdgeChannels = edgeChannels,
        }),
        Contracts.Convolution.Graph => new GraphConv(inChannels, outChannels, Reduction(spec.Aggregation, Aggregation.Reduction.Sum)),
        Contracts.Convolution.Sage => new SageConv(
            inChannels, outChannels, new SageConvOptions { Reduction = Reduction(spec.Aggregation, Aggregation.Reduction.Mean) }),
        Contracts.Convolution.Gin => new GinConv(Perceptron(inChannels, outChannels), learnEpsilon: true),
        Contracts.Convolution.Gine => new GineConv(
            Perceptron(inChannels, outChannels), learnEpsilon: true, edgeChannels: edgeChannels, inChannels: inChannels),
        Contracts.Convolution.Gat => new GatConv(inChannels, HeadChannels(spec, outChannels), Attention(spec, outChannels, edgeChannels)),
        Contracts.Convolution.Gatv2 => new Gatv2Conv(inChannels, HeadChannels(spec, outChannels), Attention(spec, outChannels, edgeChannels)),
        Contracts.Convolution.Edge => new EdgeConv(inChannels, outChannels),
        Contracts.Convolution.Mr => new MrConv(inChannels, outChannels),
        _ => throw Unknown(spec.Convolution),
    };

    public static nn.Module<Tensor, Tensor>? Normalization(Normalization normalization, int channels) => normalization switch
    {
        Contracts.Normalization.None => null,
        Contracts.Normalization.Batch => nn.BatchNorm1d(channels),
        Contracts.Normalization.Layer => nn.LayerNorm([channels]),
        Contracts.Normalization.Graph => new GraphNorm(channels),
        Contracts.Normalization.Instance => new Normalizations.InstanceNorm(channels),
        Contracts.Normalization.Pair => new PairNorm(),
        Contracts.Normalization.Mean => new MeanSubtractionNorm(),
        Contracts.Normalization.Group => new DiffGroupNorm(channels, groups: 10),
        _ => throw Unknown(normalization),
    };

    private static Sequential Perceptron(int inChannels, int outChannels) =>
        nn.Sequential(nn.Linear(inChannels, outChannels), nn.ReLU(), nn.Linear(outChannels, outChannels));

    private static Reduction Reduction(Contracts.Aggregation aggregation, Reduction own) => aggregation switch
    {
        Contracts.Aggregation.Default => own,
        Contracts.Aggregation.SoftmaxStopped => Aggregation.Reduction.SoftmaxStopped,
        Contracts.Aggregation.Power => Aggregation.Reduction.PowerMean,
        Contracts.Aggregation.Softmax => Aggregation.Reduction.Softmax,
        Contracts.Aggregation.Mean => Aggregation.Reduction.Mean,
        Contracts.Aggregation.Max => Aggregation.Reduction.Max,
        Contracts.Aggregation.Sum => Aggregation.Reduction.Sum,
        _ => throw Unknown(aggregation),
    };

    // GENConv's own perceptron knows batch and layer; the other normalisations stay around it.
    private static HiddenNorm HiddenNorm(Normalization normalization) => normalization switch
    {
        Contracts.Normalization.Batch => Convolutions.HiddenNorm.Batch,
        Contracts.Normalization.Layer => Convolutions.HiddenNorm.Layer,
        _ => Convolutions.HiddenNorm.None,
    };

    private static bool Concatenates(ModelSpec spec, int outChannels) => outChannels % spec.Heads == 0;

    private static int HeadChannels(ModelSpec spec, int outChannels) => Concatenates(spec, outChannels) ? outChannels / spec.Heads : outChannels;

    private static AttentionOptions Attention(ModelSpec spec, int outChannels, int? edgeChannels) =>
        new() { Heads = spec.Heads, Concat = Concatenates(spec, outChannels), Dropout = spec.Dropout, EdgeChannels = edgeChannels };

    private static ArgumentOutOfRangeException Unknown<T>(T value) where T : struct, Enum =>
        new(typeof(T).Name, value, $"unknown {typeof(T).Name}");

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
