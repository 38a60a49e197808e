using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>
/// Peak resident memory of a run's training process before it starts, in bytes by kind. A closed form of the spec and the data set's counts, for
/// the CPU: what the backward pass keeps is counted operator by operator (<see cref="MemoryOfLayers"/>), what remains is calibrated by
/// measurement (docs/memory.md).
/// </summary>
public sealed record MemoryEstimate
{
    /// <summary>Runtime, libtorch and the code both make: a run on the karate club.</summary>
    public const long ProcessBase = 180L << 20;

    private const int Float = 4;

    /// <summary>Objects of a layer, and tensors too small for the engine's allocator; of more layers they do not add up.</summary>
    private const long OfLayer = 256L << 10;
    private const int MostLayers = 32;

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

    /// <summary>The most that is held beside the process while the data are loaded, and none of the above is there yet.</summary>
    public long LoadingBytes { get; init; }

    /// <summary>The sum, or the process and the loading where that is more; null where something large is not known.</summary>
    public long? TotalBytes => Unknown is null ? ProcessBytes + Math.Max(LoadingBytes, Training) : null;

    /// <summary>Whether the training needs less than the loading of its data.</summary>
    [JsonIgnore]
    public bool PeaksAtLoading => LoadingBytes > Training;

    private long Training => GraphBytes + FeatureBytes + ParameterBytes + GradientBytes + OptimizerBytes + ActivationBytes + TransientBytes;

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
    internal static MemoryEstimate Reckoned(RunSpec spec, DatasetInfo info) => Reckoned(spec, info, Recomputation.Segments(spec));

    /// <summary>The same where these segments run again in the backward pass.</summary>
    internal static MemoryEstimate Reckoned(RunSpec spec, DatasetInfo info, IReadOnlyList<int> segments)
    {
        if (MemoryOfData.Of(spec, info) is not { } data)
        {
            return new() { Unknown = $"found no number of nodes for \"{info.Name}\" in the catalogue, needed it: it is known once a run has started" };
        }

        var needs = MemoryOfData.IsCloud(data.Task) ? OfClouds(spec, data) : OfGraphs(spec, data, segments);
        var parameters = needs.Parameters * Float;
        return new()
        {
            Nodes = data.Nodes,
            Edges = data.Edges,
            ProcessBytes = ProcessBase + (Math.Min(MostLayers, spec.Model.Layers) * OfLayer),
            FeatureBytes = data.LoadedBytes,
            LoadingBytes = data.LoadingBytes + MemoryOfBatches.Clustering(spec, data),
            GraphBytes = needs.Graph,
            ParameterBytes = parameters,
            GradientBytes = spec.Training is { GradientClip: 0, DiagnosticsEvery: 0 } ? parameters - (needs.SteppedAtOnce * Float) : parameters,
            OptimizerBytes = parameters * (1 + States(spec.Training)),
            ActivationBytes = needs.Kept * Float,
            TransientBytes = Math.Max(needs.Transient, needs.Evaluation - needs.Kept) * Float,
            Assumed = data.Assumed,
        };
    }

    private static Needs OfGraphs(RunSpec spec, MemoryOfData data, IReadOnlyList<int> segments)
    {
        var layers = new MemoryOfLayers(spec.Model, data.Features, data.Classes);
        var (nodes, edges) = MemoryOfBatches.Of(spec, data);
        var looped = Loops(spec.Model) ? edges + nodes : 0;
        var depth = spec.Model.Layers;
        var every = Recomputation.AnchorEvery(spec);
        var anchors = every > 0 ? (depth - 1) / every : Recomputation.CarriesDouble(spec) ? 2 : 0; // of N·D values; 1.5 for double precision
        return new(
            layers.Parameters, (looped * (spec.Model.Convolution == Convolution.Gat ? 42 : 26)) + MemoryOfBatches.Held(spec, data), layers.Kept(nodes, edges, segments, anchors),
            layers.Transient(nodes, edges), layers.Evaluation(data.LargestNodes, inChunks: spec.Training.Sampling.Method != SamplingMethod.Full), layers.SteppedAtOnce);
    }

    private static Needs OfClouds(RunSpec spec, MemoryOfData data)
    {
        var segmentation = data.Task == DatasetTasks.PointCloudSegmentation;
        var clouds = new MemoryOfClouds(spec.Model, segmentation, data.Features + 3, data.Classes);
        var sampling = spec.Training.Sampling;
        var points = (long)sampling.Points * (sampling.BatchSize > 0 ? sampling.BatchSize : MemoryOfBatches.DefaultSize(data.Task));
        return new(clouds.Parameters, MemoryOfBatches.ChurnOfClouds, clouds.Kept(points), clouds.Transient(points), 0, 0);
    }

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

    /// <summary>Numbers of float32 values, and bytes of graphs.</summary>
    private readonly record struct Needs(long Parameters, long Graph, long Kept, long Transient, long Evaluation, long SteppedAtOnce);
}
