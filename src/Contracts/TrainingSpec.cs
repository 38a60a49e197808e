using System.Text.Json.Serialization;

namespace Contracts;

public sealed record TrainingSpec
{
    public int Epochs { get; init; } = 200;

    public Optimizer Optimizer { get; init; } = Optimizer.Adam;

    public double LearningRate { get; init; } = 0.01;

    /// <summary>Momentum of SGD and RMSprop.</summary>
    public double Momentum { get; init; }

    /// <summary>How the learning rate changes from epoch to epoch.</summary>
    public ScheduleSpec Schedule { get; init; } = new();

    /// <summary>Gradients are scaled down to this norm over all parameters; 0 leaves them.</summary>
    public double GradientClip { get; init; }

    /// <summary>L2 penalty added to the gradient, as Adam in the GCN paper has it; AdamW takes it off the weights instead.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Another penalty for the backbone's convolutions, as GCNII has it; absent: the same.</summary>
    public double? BackboneWeightDecay { get; init; }

    /// <summary>Which parameters the penalty covers: all, or only those before the second convolution (the GCN paper).</summary>
    public WeightDecayScope WeightDecayScope { get; init; } = WeightDecayScope.All;

    /// <summary>Share of the target's probability that is spread over all classes.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Weight of each class in the loss; empty: all 1. With several labels a node: weight of the positives of each.</summary>
    public IReadOnlyList<double> ClassWeights { get; init; } = [];

    /// <summary>Weights classes by n / (C · n_c), counted on the train split, in place of <see cref="ClassWeights"/>.</summary>
    public bool BalanceClasses { get; init; }

    /// <summary>What a step of training sees.</summary>
    public SamplingSpec Sampling { get; init; } = new();

    /// <summary>Stop after this many epochs without a better selection figure on the valid split; 0 trains all epochs.</summary>
    public int Patience { get; init; }

    /// <summary>Which figure of the valid split chooses the reported epoch. The test split never chooses.</summary>
    public Selection Selection { get; init; } = Selection.ValidMetric;

    /// <summary>A checkpoint is written every so many epochs, and at the end; 0 writes none but the last.</summary>
    public int CheckpointEvery { get; init; } = 20;

    /// <summary>Evaluates after every so many epochs, and after the last; the epochs between have no figures of the valid and test splits.</summary>
    public int EvaluateEvery { get; init; } = 1;

    /// <summary>Which layers' activations the backward pass makes again instead of keeping them; for the backbones that are not reversible.</summary>
    public Recompute Recompute { get; init; } = Recompute.None;

    /// <summary>
    /// Peak memory that the run is to keep within, by its estimate. Without <see cref="Recompute"/> as many of the first layers as that takes run
    /// again in the backward pass. Absent: no bound.
    /// </summary>
    public int? MemoryBudgetMiB { get; init; }

    /// <summary>
    /// Reversible backbone: layers from one kept activation ("anchor") to the next. Each ends the drift of the layers behind it and costs N·D
    /// values. Absent: none; above 28 layers the channels are then carried in double precision instead (<see cref="Recomputation.CarriesDouble"/>).
    /// </summary>
    public int? AnchorEvery { get; init; }

    /// <summary>Figures by layer (over-smoothing, gradients) every so many epochs; 0: never.</summary>
    public int DiagnosticsEvery { get; init; }

    /// <summary>Whether labels and probabilities of the chosen epoch are written at the end.</summary>
    public bool SavePredictions { get; init; }
}

/// <summary>The learning rate of an epoch is that of the schedule's kind, times a linear rise over the first warm-up epochs.</summary>
public sealed record ScheduleSpec
{
    public ScheduleKind Kind { get; init; } = ScheduleKind.Constant;

    /// <summary>Epochs over which the rate rises linearly from 1/(n + 1) of its value; 0: none.</summary>
    public int WarmupEpochs { get; init; }

    /// <summary>Step: epochs between reductions.</summary>
    public int StepEpochs { get; init; } = 20;

    /// <summary>Step and plateau: factor of a reduction.</summary>
    public double Factor { get; init; } = 0.5;

    /// <summary>Plateau: epochs without a better selection figure before a reduction.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Lowest rate: where cosine ends, and where plateau stops reducing.</summary>
    public double MinLearningRate { get; init; }
}

/// <summary>
/// Mini-batches. Nodes of one graph: all of it, random parts, clusters or sampled neighbours. Many graphs or clouds: so many side by side.
/// </summary>
public sealed record SamplingSpec
{
    public SamplingMethod Method { get; init; } = SamplingMethod.Full;

    /// <summary>Graphs, clouds, blocks or seed nodes of a batch; 0: the task's default (32 graphs, 8 clouds, 4 blocks, 1,024 nodes).</summary>
    public int BatchSize { get; init; }

    /// <summary>Random parts and clusters: parts of the graph, and how many of them make a batch.</summary>
    public int Parts { get; init; } = 10;

    /// <inheritdoc cref="Parts"/>
    public int PartsPerBatch { get; init; } = 1;

    /// <summary>Neighbours: how many are sampled at each hop; −1 takes all. The hops are as many as the numbers.</summary>
    public IReadOnlyList<int> Fanouts { get; init; } = [10, 10];

    /// <summary>Points of a block or a cloud in training.</summary>
    public int Points { get; init; } = 4_096;

    /// <summary>Segmentation: blocks drawn in an epoch; 0: as many as cover the train clouds once.</summary>
    public int BlocksPerEpoch { get; init; }

    /// <summary>Segmentation: side of a block's column in the cloud's own unit; 0: the points nearest to the centre, whatever their distance.</summary>
    public double BlockSize { get; init; }

    /// <summary>Point clouds: random scale, shift, jitter and turn around the vertical while training.</summary>
    public bool Augment { get; init; }
}

/// <summary>Gradient checkpointing: kept is what goes into a segment of layers; the segment runs again on the way back.</summary>
public enum Recompute
{
    /// <summary>All activations are kept.</summary>
    [JsonStringEnumMemberName("none")] None,

    /// <summary>Each layer is a segment.</summary>
    [JsonStringEnumMemberName("layer")] Layer,

    /// <summary>Segments grow with √L, so that the kept inputs and one segment's activations together are least.</summary>
    [JsonStringEnumMemberName("sqrt")] Sqrt,
}

public enum SamplingMethod
{
    [JsonStringEnumMemberName("full")] Full,
    [JsonStringEnumMemberName("randomParts")] RandomParts,
    [JsonStringEnumMemberName("clusters")] Clusters,
    [JsonStringEnumMemberName("neighbors")] Neighbors,
}

public enum Optimizer
{
    [JsonStringEnumMemberName("adam")] Adam,
    [JsonStringEnumMemberName("adamw")] AdamW,
    [JsonStringEnumMemberName("sgd")] Sgd,
    [JsonStringEnumMemberName("rmsprop")] RmsProp,
}

public enum ScheduleKind
{
    [JsonStringEnumMemberName("constant")] Constant,
    [JsonStringEnumMemberName("step")] Step,
    [JsonStringEnumMemberName("cosine")] Cosine,
    [JsonStringEnumMemberName("plateau")] Plateau,
}

public enum WeightDecayScope
{
    [JsonStringEnumMemberName("all")] All,
    [JsonStringEnumMemberName("firstLayer")] FirstLayer,
}

/// <summary>Figures of the valid split; "validMetric" is the first metric of the task.</summary>
public enum Selection
{
    [JsonStringEnumMemberName("validMetric")] ValidMetric,
    [JsonStringEnumMemberName("validLoss")] ValidLoss,
    [JsonStringEnumMemberName("validAccuracy")] ValidAccuracy,
    [JsonStringEnumMemberName("validMeanAccuracy")] ValidMeanAccuracy,
    [JsonStringEnumMemberName("validRocAuc")] ValidRocAuc,
    [JsonStringEnumMemberName("validMicroF1")] ValidMicroF1,
    [JsonStringEnumMemberName("validMeanIou")] ValidMeanIou,
}
