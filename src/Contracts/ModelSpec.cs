using System.Text.Json.Serialization;

namespace Contracts;

public sealed record ModelSpec
{
    public Convolution Convolution { get; init; } = Convolution.Gcn;

    public Backbone Backbone { get; init; } = Backbone.ResPlus;

    /// <summary>Number of graph convolutions L from input to prediction (backbone "appnp": steps of propagation; "deq": most evaluations of its layer).</summary>
    public int Layers { get; init; } = 16;

    /// <summary>Hidden channels D.</summary>
    public int HiddenChannels { get; init; } = 64;

    public Normalization Normalization { get; init; } = Normalization.Layer;

    /// <summary>Probability with which an activation is zeroed while training.</summary>
    public double Dropout { get; init; } = 0.5;

    /// <summary>The same for the input features.</summary>
    public double InputDropout { get; init; }

    /// <summary>DropEdge: probability with which an edge is left out of a training step.</summary>
    public double DropEdge { get; init; }

    /// <summary>DropNode: probability with which a node loses all its edges in a training step.</summary>
    public double DropNode { get; init; }

    /// <summary>One set of weights for all layers after the first (weight-tied backbone); for plain, res, res+ and rev, where they are all layers.</summary>
    public bool TieWeights { get; init; }

    public Stem Stem { get; init; } = Stem.Linear;

    public Fusion Fusion { get; init; } = Fusion.Last;

    /// <summary>Point clouds: channels to which all layers together are mapped before they are pooled over the cloud.</summary>
    public int FusionChannels { get; init; } = 1_024;

    public Prediction Prediction { get; init; } = Prediction.Mlp;

    /// <summary>How the nodes of a graph become one row, for the classification of graphs.</summary>
    public Readout Readout { get; init; } = Readout.Mean;

    /// <summary>Widths of the hidden layers of the prediction MLP; empty means one linear layer, and for point clouds DeepGCNs' 512 and 256.</summary>
    public IReadOnlyList<int> PredictionHidden { get; init; } = [];

    /// <summary>Message aggregation of GENConv, SAGE and GraphConv; "default" is softmax, mean and sum in this order.</summary>
    public Aggregation Aggregation { get; init; } = Aggregation.Default;

    /// <summary>Whether GENConv's softmax temperature, or its power, is trained.</summary>
    public bool LearnTemperature { get; init; } = true;

    /// <summary>GENConv: inverse temperature t of the softmax, or power p of the power mean, at the start.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>GENConv: aggregated messages are scaled to the length of the node's own row, with a trained factor.</summary>
    public bool MessageNorm { get; init; }

    /// <summary>Linear layers of GENConv's perceptron.</summary>
    public int MlpLayers { get; init; } = 2;

    /// <summary>Whether the data set's edge features enter the messages ("gen", "gine", "gat", "gatv2").</summary>
    public bool EdgeFeatures { get; init; }

    /// <summary>Attention heads of GAT and GATv2; they divide the hidden channels.</summary>
    public int Heads { get; init; } = 1;

    /// <summary>Channel groups of the reversible backbone, at least 2; they divide the hidden channels.</summary>
    public int Groups { get; init; } = 2;

    /// <summary>GCNII (backbone "initial") and APPNP: share α of the initial features in each layer.</summary>
    public double Alpha { get; init; } = 0.1;

    /// <summary>GCNII: θ (the paper's λ); layer l keeps 1 − ln(θ/l + 1) of the identity.</summary>
    public double Theta { get; init; } = 0.5;

    /// <summary>GCNII*: one weight matrix for the propagated and another for the initial features.</summary>
    public bool SeparateWeights { get; init; }

    /// <summary>How the points of a cloud are joined; for point-cloud sets.</summary>
    public NeighborhoodSpec Neighborhood { get; init; } = new();
}

/// <summary>The graph of a point cloud: each point and its nearest ones. Block i of L keeps every i-th of the k·i nearest when dilated.</summary>
public sealed record NeighborhoodSpec
{
    /// <summary>Neighbours k of each point, itself among them as DeepGCNs has it.</summary>
    public int K { get; init; } = 16;

    /// <summary>Whether dilation grows by 1 a block; a plain backbone is never dilated.</summary>
    public bool Dilated { get; init; } = true;

    /// <summary>Neighbours by the features of the block before (true), or by coordinates, the same for all blocks.</summary>
    public bool Dynamic { get; init; } = true;

    /// <summary>Probability, while training, of k random ones of the k·d nearest.</summary>
    public double Epsilon { get; init; } = 0.2;

    /// <summary>With coordinates: the k nearest within this distance (ball query); absent: without limit.</summary>
    public double? Radius { get; init; }
}

public enum Convolution
{
    [JsonStringEnumMemberName("gcn")] Gcn,
    [JsonStringEnumMemberName("gen")] Gen,
    [JsonStringEnumMemberName("graph")] Graph,
    [JsonStringEnumMemberName("sage")] Sage,
    [JsonStringEnumMemberName("gin")] Gin,
    [JsonStringEnumMemberName("gine")] Gine,
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

    /// <summary>APPNP: a perceptron predicts, L steps of personalised PageRank spread the predictions.</summary>
    [JsonStringEnumMemberName("appnp")] Appnp,

    /// <summary>Deep equilibrium: one layer z = x + f(z), solved for z by at most L evaluations; memory does not grow with them.</summary>
    [JsonStringEnumMemberName("deq")] FixedPoint,
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

    /// <summary>The largest of all layers in each channel (jumping knowledge).</summary>
    [JsonStringEnumMemberName("max")] Max,

    /// <summary>A sum of all layers weighted by a node-wise attention from a bidirectional LSTM over them (jumping knowledge).</summary>
    [JsonStringEnumMemberName("lstm")] Lstm,

    /// <summary>
    /// DeepGCNs: all layers concatenated, mapped to 1,024 channels, max-pooled over the nodes, repeated and concatenated to all layers.
    /// </summary>
    [JsonStringEnumMemberName("global")] Global,

    /// <summary>DeepGCNs on PPI: the same, but the maximum is over the 1,024 channels of each node: one more channel.</summary>
    [JsonStringEnumMemberName("nodeMax")] NodeMax,
}

public enum Prediction
{
    /// <summary>A multi-layer perceptron on the fused channels.</summary>
    [JsonStringEnumMemberName("mlp")] Mlp,

    /// <summary>The last convolution maps D to the classes itself (GCN).</summary>
    [JsonStringEnumMemberName("convolution")] Convolution,
}

public enum Readout
{
    [JsonStringEnumMemberName("mean")] Mean,
    [JsonStringEnumMemberName("max")] Max,
    [JsonStringEnumMemberName("sum")] Sum,

    /// <summary>Mean and maximum side by side.</summary>
    [JsonStringEnumMemberName("meanMax")] MeanMax,
}

public enum Aggregation
{
    /// <summary>The convolution's own.</summary>
    [JsonStringEnumMemberName("default")] Default,

    [JsonStringEnumMemberName("softmax")] Softmax,

    /// <summary>Softmax whose weights count as constants in the backward pass ("softmax_sg").</summary>
    [JsonStringEnumMemberName("softmaxStopped")] SoftmaxStopped,

    [JsonStringEnumMemberName("power")] Power,
    [JsonStringEnumMemberName("mean")] Mean,
    [JsonStringEnumMemberName("max")] Max,
    [JsonStringEnumMemberName("sum")] Sum,
}
