using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>
/// Everything that decides the outcome of a training run. The same document is posted to the API, stored with the run and handed to
/// the Trainer process; two runs of one spec on one machine give the same numbers.
/// </summary>
public sealed record RunSpec
{
    /// <summary>A label for people; when empty, one is made from the model and the dataset.</summary>
    public string Name { get; init; } = "";

    /// <summary>Runs that belong together (a comparison, a sweep) share a group label.</summary>
    public string? Group { get; init; }

    /// <summary>Decides initial weights, dropout masks and generated data.</summary>
    public int Seed { get; init; }

    public required DataSpec Data { get; init; }

    public required ModelSpec Model { get; init; }

    public required TrainingSpec Training { get; init; }
}

public sealed record DataSpec
{
    /// <summary>A name from the catalogue, for example "cora" or "karate".</summary>
    public required string Dataset { get; init; }

    /// <summary>Which of the data set's splits, counted from 0; sets with one public split have only 0.</summary>
    public int Split { get; init; }

    /// <summary>Divide each node's features by the sum of their absolute values, as the GCN and GCNII papers do.</summary>
    public bool RowNormalize { get; init; } = true;

    /// <summary>Size and difficulty of the generated set "sbm"; must be absent for every other set.</summary>
    public SbmSpec? Sbm { get; init; }
}

/// <summary>
/// A stochastic block model: nodes in equal blocks, an edge between two nodes of one block with a higher probability than between
/// blocks, and features drawn around a mean per block. Made anew from <see cref="Seed"/> each time.
/// </summary>
public sealed record SbmSpec
{
    public int Nodes { get; init; } = 1_000;
    public int Classes { get; init; } = 5;
    public int Features { get; init; } = 16;

    /// <summary>Expected number of neighbours in a node's own block, and in all other blocks together.</summary>
    public double DegreeWithin { get; init; } = 8;
    public double DegreeBetween { get; init; } = 2;

    /// <summary>Distance of the blocks' feature means in standard deviations of the noise.</summary>
    public double Separation { get; init; } = 1;

    public int Seed { get; init; }
}

public sealed record ModelSpec
{
    public Convolution Convolution { get; init; } = Convolution.Gcn;

    public Backbone Backbone { get; init; } = Backbone.ResPlus;

    /// <summary>Number of graph convolutions L from input to prediction.</summary>
    public int Layers { get; init; } = 16;

    /// <summary>Hidden channels D.</summary>
    public int HiddenChannels { get; init; } = 64;

    public Normalization Normalization { get; init; } = Normalization.Layer;

    /// <summary>Probability with which an activation is zeroed while training.</summary>
    public double Dropout { get; init; } = 0.5;

    /// <summary>The same for the input features.</summary>
    public double InputDropout { get; init; }

    public Stem Stem { get; init; } = Stem.Linear;

    public Fusion Fusion { get; init; } = Fusion.Last;

    public Prediction Prediction { get; init; } = Prediction.Mlp;

    /// <summary>Widths of the hidden layers of the prediction MLP; empty means one linear layer.</summary>
    public IReadOnlyList<int> PredictionHidden { get; init; } = [];

    /// <summary>Message aggregation of GENConv; ignored by convolutions with a fixed one.</summary>
    public Aggregation Aggregation { get; init; } = Aggregation.Softmax;

    /// <summary>Whether GENConv's softmax temperature is trained.</summary>
    public bool LearnTemperature { get; init; } = true;

    /// <summary>Attention heads of GAT and GATv2; they divide the hidden channels.</summary>
    public int Heads { get; init; } = 1;

    /// <summary>Channel groups of the reversible backbone, at least 2; they divide the hidden channels.</summary>
    public int Groups { get; init; } = 2;

    /// <summary>GCNII (backbone "initial"): share α of the initial features in each layer.</summary>
    public double Alpha { get; init; } = 0.1;

    /// <summary>GCNII: θ (the paper's λ); layer l keeps 1 − ln(θ/l + 1) of the identity.</summary>
    public double Theta { get; init; } = 0.5;
}

public sealed record TrainingSpec
{
    public int Epochs { get; init; } = 200;

    public double LearningRate { get; init; } = 0.01;

    /// <summary>L2 penalty added to the gradient, as Adam in the GCN paper has it.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Another penalty for the backbone's convolutions, as GCNII has it; absent: the same.</summary>
    public double? BackboneWeightDecay { get; init; }

    /// <summary>Which parameters the penalty covers: all, or only those before the second convolution (the GCN paper).</summary>
    public WeightDecayScope WeightDecayScope { get; init; } = WeightDecayScope.All;

    /// <summary>Stop after this many epochs without a better selection figure on the valid split; 0 trains all epochs.</summary>
    public int Patience { get; init; }

    /// <summary>Which figure of the valid split chooses the reported epoch. The test split never chooses.</summary>
    public Selection Selection { get; init; } = Selection.ValidMetric;

    /// <summary>A checkpoint is written every so many epochs, and at the end; 0 writes none but the last.</summary>
    public int CheckpointEvery { get; init; } = 20;
}

public enum Convolution
{
    [JsonStringEnumMemberName("gcn")] Gcn,
    [JsonStringEnumMemberName("gen")] Gen,
    [JsonStringEnumMemberName("graph")] Graph,
    [JsonStringEnumMemberName("sage")] Sage,
    [JsonStringEnumMemberName("gin")] Gin,
    [JsonStringEnumMemberName("gat")] Gat,
    [JsonStringEnumMemberName("gatv2")] Gatv2,
    [JsonStringEnumMemberName("edge")] Edge,
    [JsonStringEnumMemberName("mr")] Mr,
}

public enum Backbone
{
    [JsonStringEnumMemberName("plain")] Plain,
    [JsonStringEnumMemberName("res")] Res,
    [JsonStringEnumMemberName("res+")] ResPlus,
    [JsonStringEnumMemberName("dense")] Dense,

    /// <summary>GCNII: initial residual connection and identity mapping.</summary>
    [JsonStringEnumMemberName("initial")] Initial,

    /// <summary>RevGNN: reversible connections in channel groups; activation memory does not grow with depth.</summary>
    [JsonStringEnumMemberName("rev")] Reversible,
}

public enum Normalization
{
    [JsonStringEnumMemberName("none")] None,
    [JsonStringEnumMemberName("batch")] Batch,
    [JsonStringEnumMemberName("layer")] Layer,
    [JsonStringEnumMemberName("graph")] Graph,
    [JsonStringEnumMemberName("instance")] Instance,
    [JsonStringEnumMemberName("pair")] Pair,
    [JsonStringEnumMemberName("mean")] Mean,
    [JsonStringEnumMemberName("group")] Group,
}

/// <summary>How the input features become hidden channels.</summary>
public enum Stem
{
    /// <summary>A linear layer in front of the first convolution (DeeperGCN).</summary>
    [JsonStringEnumMemberName("linear")] Linear,

    /// <summary>The first convolution maps F to D itself (GCN, DeepGCNs).</summary>
    [JsonStringEnumMemberName("convolution")] Convolution,
}

/// <summary>Which layers the prediction sees.</summary>
public enum Fusion
{
    /// <summary>The output of the last layer.</summary>
    [JsonStringEnumMemberName("last")] Last,

    /// <summary>The outputs of all layers, concatenated (jumping knowledge).</summary>
    [JsonStringEnumMemberName("concat")] Concat,

    /// <summary>
    /// DeepGCNs: all layers concatenated, mapped to 1,024 channels, max-pooled over the nodes, repeated and concatenated to all layers.
    /// </summary>
    [JsonStringEnumMemberName("global")] Global,
}

public enum Prediction
{
    /// <summary>A multi-layer perceptron on the fused channels.</summary>
    [JsonStringEnumMemberName("mlp")] Mlp,

    /// <summary>The last convolution maps D to the classes itself (GCN).</summary>
    [JsonStringEnumMemberName("convolution")] Convolution,
}

public enum Aggregation
{
    [JsonStringEnumMemberName("softmax")] Softmax,
    [JsonStringEnumMemberName("mean")] Mean,
    [JsonStringEnumMemberName("max")] Max,
    [JsonStringEnumMemberName("sum")] Sum,
}

public enum WeightDecayScope
{
    [JsonStringEnumMemberName("all")] All,
    [JsonStringEnumMemberName("firstLayer")] FirstLayer,
}

public enum Selection
{
    [JsonStringEnumMemberName("validMetric")] ValidMetric,
    [JsonStringEnumMemberName("validLoss")] ValidLoss,
}
