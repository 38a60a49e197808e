using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>
/// What a Trainer process reports, one JSON object a line on standard output, in this order: <c>started</c>, then <c>epoch</c>,
/// <c>layers</c>, <c>memory</c>, <c>checkpoint</c> and <c>log</c> in any mixture, then exactly one of <c>finished</c>, <c>failed</c> or <c>stopped</c>.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(StartedEvent), "started")]
[JsonDerivedType(typeof(EpochEvent), "epoch")]
[JsonDerivedType(typeof(LayersEvent), "layers")]
[JsonDerivedType(typeof(MemoryEvent), "memory")]
[JsonDerivedType(typeof(CheckpointEvent), "checkpoint")]
[JsonDerivedType(typeof(LogEvent), "log")]
[JsonDerivedType(typeof(FinishedEvent), "finished")]
[JsonDerivedType(typeof(FailedEvent), "failed")]
[JsonDerivedType(typeof(StoppedEvent), "stopped")]
public abstract record TrainerEvent
{
    public DateTimeOffset At { get; init; }
}

public sealed record StartedEvent : TrainerEvent
{
    public required string Dataset { get; init; }
    public int Nodes { get; init; }
    public long Edges { get; init; }
    public int Features { get; init; }
    public int Classes { get; init; }

    /// <summary>Labelled samples of each split: nodes, graphs, points or clouds, as <see cref="Unit"/> says.</summary>
    public int TrainNodes { get; init; }
    public int ValidNodes { get; init; }
    public int TestNodes { get; init; }
    public long Parameters { get; init; }

    /// <summary>What is classified: "node", "graph", "point", "cloud" or "clip".</summary>
    public string Unit { get; init; } = "node";

    /// <summary>Graphs, clouds or clips of the set; 1 for one graph.</summary>
    public int Graphs { get; init; } = 1;

    /// <summary>Name of the metric in the epoch events, of <see cref="Metrics"/>.</summary>
    public required string Metric { get; init; }

    /// <summary>Mini-batches of an epoch.</summary>
    public int BatchesPerEpoch { get; init; } = 1;

    /// <summary>Share of the graph's edges that mini-batches see; 1 with the whole graph, that of the first epoch with parts, absent with sampled neighbours.</summary>
    public double? KeptEdgeShare { get; init; }

    public required string Device { get; init; }
    public int Threads { get; init; }

    /// <summary>For a repetition: the program with its commit, the data as loaded, and what both ran on.</summary>
    public string? CodeVersion { get; init; }
    public string? DataSha256 { get; init; }
    public string? Platform { get; init; }

    /// <summary>Last epoch of the checkpoint this attempt continues from; 0 for a fresh start.</summary>
    public int ResumedFromEpoch { get; init; }

    /// <summary>Resident memory of the process before the first epoch, in bytes.</summary>
    public long BaseMemoryBytes { get; init; }
}

/// <summary>Figures of one epoch, counted from 1. Losses are means over the labelled nodes of a split; metrics lie in [0, 1].</summary>
public sealed record EpochEvent : TrainerEvent
{
    public int Epoch { get; init; }
    public double TrainLoss { get; init; }
    public double ValidLoss { get; init; }
    public double TestLoss { get; init; }
    public double TrainMetric { get; init; }
    public double ValidMetric { get; init; }
    public double TestMetric { get; init; }
    public double LearningRate { get; init; }

    /// <summary>
    /// Further figures by split and name, for example <c>valid.accuracy</c>, <c>test.iou.wall</c>; null where the task has one metric.
    /// </summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Whether this epoch is the best so far by the valid figure that the spec selects by.</summary>
    public bool IsBest { get; init; }

    /// <summary>Wall time of the training step and the evaluation.</summary>
    public double Seconds { get; init; }

    /// <summary>Nodes per second through the training step.</summary>
    public double NodesPerSecond { get; init; }

    /// <summary>Peak resident memory of the Trainer process in this epoch and since the one measured before it; where it was not measured, that one's.</summary>
    public long PeakMemoryBytes { get; init; }
}

/// <summary>
/// Figures of each layer of the backbone after an epoch, the first layer first: what over-smoothing and vanishing gradients look like. NaN where
/// a figure is not known: a reversible backbone shows the output of its last layer alone. docs/diagnostics.md defines them.
/// </summary>
public sealed record LayersEvent : TrainerEvent
{
    public int Epoch { get; init; }

    /// <summary>Dirichlet energy of the layer's output per node, in the evaluation after the epoch; 0: all neighbours are equal.</summary>
    public required IReadOnlyList<double> DirichletEnergy { get; init; }

    /// <summary>Mean average (cosine) distance of neighbours in the layer's output, from 0 to 2.</summary>
    public required IReadOnlyList<double> MeanAverageDistance { get; init; }

    /// <summary>Share of the output's channels that are ≤ 0 at every node.</summary>
    public required IReadOnlyList<double> DeadShare { get; init; }

    /// <summary>Euclidean norm of the gradients of the layer's parameters in the epoch's last step, after clipping.</summary>
    public required IReadOnlyList<double> GradientNorm { get; init; }
}

/// <summary>
/// Memory of the training process in an epoch: the attempt's first one, each in which a figure has changed by more than 1 % since the last
/// such event, and the last. docs/memory.md says what each figure counts.
/// </summary>
public sealed record MemoryEvent : TrainerEvent
{
    public int Epoch { get; init; }

    /// <summary>Live bytes by kind.</summary>
    public required LiveMemory Live { get; init; }

    public required PhaseMemory Forward { get; init; }
    public required PhaseMemory Backward { get; init; }
    public required PhaseMemory Optimizer { get; init; }

    /// <summary>Of the last evaluation up to this epoch; null before the first.</summary>
    public PhaseMemory? Evaluation { get; init; }

    /// <summary>Whether resident peaks are what was resident at the ends of phases, since the system does not let its peak start again.</summary>
    public bool IsSampled { get; init; }

    /// <summary>Null for a training on the CPU, and where the device's figures cannot be read.</summary>
    public DeviceMemory? Device { get; init; }
}

/// <summary>Bytes that are alive in a training step, by kind.</summary>
public sealed record LiveMemory
{
    /// <summary>Parameters and buffers of the model.</summary>
    public long ParameterBytes { get; init; }

    /// <summary>Gradients held at the end of the backward pass; of a reversible backbone those that were not used at once.</summary>
    public long GradientBytes { get; init; }

    /// <summary>State of the optimiser, and the copy of the best weights.</summary>
    public long OptimizerBytes { get; init; }

    /// <summary>What the forward pass left for the backward pass, in tensors of 64 KiB and more; null where they are not counted.</summary>
    public long? ActivationBytes { get; init; }

    /// <summary>Structure, features and targets kept for the whole training, in arrays and tensors.</summary>
    public long GraphBytes { get; init; }

    /// <summary>The largest mini-batch's own structure, features and targets.</summary>
    public long BatchBytes { get; init; }
}

/// <summary>Peaks within a phase of an epoch, the highest of all its steps.</summary>
public sealed record PhaseMemory
{
    /// <summary>Highest resident memory of the process.</summary>
    public long ResidentPeakBytes { get; init; }

    /// <summary>The most that was alive at once in CPU tensors of 64 KiB and more; null where they are not counted.</summary>
    public long? LivePeakBytes { get; init; }
}

/// <summary>Memory of the CUDA device, by NVML.</summary>
public sealed record DeviceMemory
{
    /// <summary>This process's on the device at the end of the epoch; null where the driver does not tell it.</summary>
    public long? UsedBytes { get; init; }

    /// <summary>The highest <see cref="UsedBytes"/> of this attempt so far.</summary>
    public long? PeakBytes { get; init; }

    /// <summary>All processes' on the device at the end of the epoch.</summary>
    public long DeviceUsedBytes { get; init; }

    public long DeviceTotalBytes { get; init; }
}

public sealed record CheckpointEvent : TrainerEvent
{
    public int Epoch { get; init; }
    public required string Path { get; init; }
    public required string Sha256 { get; init; }
    public long Bytes { get; init; }

    /// <summary>Whether it is the first one at or after the best epoch so far: the one to keep beside the newest.</summary>
    public bool IsBest { get; init; }
}

public sealed record LogEvent : TrainerEvent
{
    /// <summary>"info" or "warning".</summary>
    public required string Level { get; init; }
    public required string Message { get; init; }
}

public sealed record FinishedEvent : TrainerEvent
{
    /// <summary>Epochs trained, this attempt's and earlier ones'.</summary>
    public int Epochs { get; init; }

    /// <summary>The epoch chosen on the valid split, and its figures.</summary>
    public int BestEpoch { get; init; }
    public double BestValidMetric { get; init; }
    public double BestValidLoss { get; init; }
    public double TestMetric { get; init; }

    /// <summary>Further figures of that epoch, as in <see cref="EpochEvent.Metrics"/>.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    public bool StoppedEarly { get; init; }
    public double Seconds { get; init; }

    /// <summary>Highest resident memory of the Trainer process, in a resumed run of all its attempts that told it.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>SHA-256 over all parameters and buffers after the last epoch: equal for equal runs on one machine.</summary>
    public string? WeightsSha256 { get; init; }
}

public sealed record FailedEvent : TrainerEvent
{
    public FailureClass Class { get; init; }
    public required string Message { get; init; }

    /// <summary>Out of memory: the highest resident memory of the process until then; 0 where nobody knows.</summary>
    public long PeakMemoryBytes { get; init; }
}

/// <summary>Told to stop: a checkpoint of <see cref="Epoch"/> is on disk.</summary>
public sealed record StoppedEvent : TrainerEvent
{
    public int Epoch { get; init; }
}

public enum FailureClass
{
    /// <summary>The spec asks for something impossible.</summary>
    [JsonStringEnumMemberName("user")] User,

    /// <summary>A data set is missing, damaged or inconsistent.</summary>
    [JsonStringEnumMemberName("data")] Data,

    [JsonStringEnumMemberName("out-of-memory")] OutOfMemory,

    /// <summary>The loss became NaN or infinite.</summary>
    [JsonStringEnumMemberName("diverged")] Diverged,

    /// <summary>The process or its machine failed: crash, kill, full disk.</summary>
    [JsonStringEnumMemberName("infrastructure")] Infrastructure,

    /// <summary>The worker was lost and no attempts were left.</summary>
    [JsonStringEnumMemberName("lost")] Lost,
}

/// <summary>Exit codes of the Trainer program.</summary>
public static class TrainerExit
{
    public const int Finished = 0;
    public const int Infrastructure = 1;
    public const int User = 2;
    public const int Data = 3;
    public const int OutOfMemory = 4;
    public const int Diverged = 5;

    /// <summary>Told to stop; a checkpoint was written.</summary>
    public const int Stopped = 10;

    public static int For(FailureClass failure) => failure switch
    {
        FailureClass.User => User,
        FailureClass.Data => Data,
        FailureClass.OutOfMemory => OutOfMemory,
        FailureClass.Diverged => Diverged,
        _ => Infrastructure,
    };
}
