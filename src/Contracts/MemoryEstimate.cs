namespace Contracts;

/// <summary>
/// Peak resident memory of a run's training process before it starts, in bytes by kind. A closed form of the spec and the data set's counts, for
/// the CPU: what the backward pass keeps is counted operator by operator (<see cref="MemoryOfLayers"/>), what remains is calibrated by
/// measurement (docs/memory.md).
/// </summary>
public sealed record MemoryEstimate
{
    /// <summary>Runtime, libtorch and the code both make: a run on almost no data.</summary>
    public const long ProcessBase = 182L << 20;

    private const int Float = 4;

    /// <summary>Nodes and directed edges that were reckoned with; null where the catalogue does not know them.</summary>
    public long? Nodes { get; init; }
    public long? Edges { get; init; }

    public long ProcessBytes { get; init; } = ProcessBase;
    public long GraphBytes { get; init; }
    public long FeatureBytes { get; init; }
    public long ParameterBytes { get; init; }
    public long GradientBytes { get; init; }

    /// <summary>State of the optimiser, and the copy of the best weights.</summary>
    public long OptimizerBytes { get; init; }

    /// <summary>What the backward pass needs and the forward pass leaves.</summary>
    public long ActivationBytes { get; init; }

    /// <summary>What an operator of the backward pass, or of an evaluation, holds for a moment beside all this.</summary>
    public long TransientBytes { get; init; }

    /// <summary>The sum; null where something large is not known.</summary>
    public long? TotalBytes => Unknown is null
        ? ProcessBytes + GraphBytes + FeatureBytes + ParameterBytes + GradientBytes + OptimizerBytes + ActivationBytes + TransientBytes
        : null;

    /// <summary>Why there is no total, or null.</summary>
    public string? Unknown { get; init; }

    /// <summary>What was assumed for want of knowledge, or null.</summary>
    public string? Assumed { get; init; }

    /// <summary>Settings that need less, those that change the training least first.</summary>
    public IReadOnlyList<MemoryAlternative> Alternatives { get; init; } = [];

    /// <summary>The workers that are alive, and how large a run each takes; filled by the API.</summary>
    public IReadOnlyList<WorkerInfo> Workers { get; init; } = [];

    /// <summary>In words: whether it fits the workers, and what would need much less; null where there is nothing to say.</summary>
    public string? Advice { get; init; }

    /// <summary>The estimate of a spec without faults on a data set of the catalogue.</summary>
    public static MemoryEstimate Of(RunSpec spec, DatasetInfo data)
    {
        var plain = Reckoned(spec, data);
        plain = plain with { Alternatives = MemoryAdvice.For(spec, data, plain) };
        return plain with { Advice = MemoryAdvice.Text(plain, null) };
    }

    /// <summary>The same for a data set by its name; null where the catalogue has none of that name.</summary>
    public static MemoryEstimate? Of(RunSpec spec) => DatasetCatalog.Find(spec.Data.Dataset) is { } entry ? Of(spec, entry.Describe([])) : null;

    /// <summary>Without alternatives.</summary>
    internal static MemoryEstimate Reckoned(RunSpec spec, DatasetInfo data)
    {
        if (data.Task is not (DatasetTasks.NodeClassification or DatasetTasks.MultiLabelNodeClassification))
        {
            return new() { Unknown = $"found a task of {data.Task}, needed node classification on one graph: others are not estimated yet" };
        }
        var (nodes, edges, features, classes, assumed) = Counts(spec, data);
        if (nodes is not { } n) { return new() { Unknown = $"found no number of nodes for \"{data.Name}\" in the catalogue, needed it: it is known once a run has started" }; }

        var looped = Loops(spec.Model) ? edges + n : 0;
        var layers = new MemoryOfLayers(spec.Model, features, classes);
        var parameters = layers.Parameters * Float;
        var (batchNodes, batchEdges) = MemoryOfBatches.Of(spec.Training.Sampling, n, edges);
        var kept = layers.Kept(batchNodes, batchEdges) * Float;
        var moment = layers.Transient(batchNodes, batchEdges) * Float;
        var evaluation = layers.Evaluation(n) * Float;
        return new()
        {
            Nodes = n,
            Edges = edges,
            // Ends of each edge and both compressed forms are 24 bytes an edge, what their making leaves on the heap about 18; the same with
            // self-loops where the convolution adds them, and their weights or indices.
            GraphBytes = (42 * edges) + (8 * n) + (looped * 44) + (spec.Training.Sampling.Method == SamplingMethod.Full ? 0 : (200 * edges) + (1_000 * n)),
            FeatureBytes = (long)(24 * n * features * StoredShare(data.Name, features)),
            ParameterBytes = parameters,
            GradientBytes = parameters,
            OptimizerBytes = parameters * (1 + States(spec.Training)),
            ActivationBytes = kept,
            TransientBytes = Math.Max(moment, evaluation - kept),
            Assumed = assumed,
        };
    }

    private static (long? Nodes, long Edges, long Features, long Classes, string? Assumed) Counts(RunSpec spec, DatasetInfo data)
    {
        if (data.Name == "sbm")
        {
            var sbm = spec.Data.Sbm ?? new();
            return (sbm.Nodes, (long)(sbm.Nodes * (sbm.DegreeWithin + sbm.DegreeBetween)), sbm.Features, sbm.Classes, null);
        }

        const int UsualDegree = 20;
        var assumed = new List<string>();
        if (data.Edges is null) { assumed.Add($"{UsualDegree} edges a node"); }
        if (data.Features is null) { assumed.Add("128 features"); }
        if (data.Classes is null) { assumed.Add("10 classes"); }
        // The catalogue counts undirected edges once, the graph both directions.
        return (data.Nodes, (2 * data.Edges) ?? (UsualDegree * (data.Nodes ?? 0L)), data.Features ?? 128, data.Classes ?? 10,
            assumed.Count == 0 ? null : $"not in the catalogue, assumed: {string.Join(", ", assumed)}");
    }

    // Features are kept by their stored entries: 24 bytes each with what reading them leaves behind. Bags of words are almost all zero.
    private static double StoredShare(string dataset, long features) => dataset switch
    {
        "sbm" => 1,
        "pubmed" => 0.1,
        _ => features >= 900 ? 0.015 : 1,
    };

    private static bool Loops(ModelSpec model) => model.Convolution is Convolution.Gcn or Convolution.Gat or Convolution.Gatv2 || model.Backbone is Backbone.Initial or Backbone.Appnp;

    private static int States(TrainingSpec training) => training.Optimizer switch
    {
        Optimizer.Adam or Optimizer.AdamW => 2,
        Optimizer.RmsProp => training.Momentum > 0 ? 2 : 1,
        _ => training.Momentum > 0 ? 1 : 0,
    };

    /// <summary>"about 0.9 GiB", with two digits that mean something.</summary>
    public static string Text(long bytes) => bytes < 1L << 30
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0} MiB")
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.0} GiB");
}
