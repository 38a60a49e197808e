using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Memory;
using DeepGnn.Models;
using DeepGnn.Sampling;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// Learns on many graphs: classifies whole graphs (clips of a skeleton among them), or the nodes of graphs that training has not seen
/// (inductive). A batch is some graphs side by side.
/// </summary>
public sealed class GraphTask : LearningTask
{
    private const int DefaultGraphs = 32;

    private readonly RunSpec _spec;
    private readonly GraphCollection _data;
    private readonly SampleSplit _split;
    private readonly Device _device;
    private readonly int[] _firstNode; // of each graph in the numbering of all nodes
    private readonly DeepGcn _model;
    private readonly Dictionary<string, List<GraphBatchData>> _held = []; // batches of the splits for evaluation, made at the first one

    /// <summary>Checks the set against the spec and puts a fresh model on the device.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="data">The set that <see cref="GraphCollections.Load"/> gives for the spec.</param>
    /// <param name="device">Where tensors live.</param>
    public GraphTask(RunSpec spec, GraphCollection data, Device device)
    {
        (_spec, _data, _device) = (spec, data, device);
        _split = data.Splits[spec.Data.Split];
        _firstNode = new int[data.Graphs.Count + 1];
        for (var g = 0; g < data.Graphs.Count; g++) { _firstNode[g + 1] = _firstNode[g] + data.Graphs[g].Graph.NodeCount; }

        if (spec.Model.EdgeFeatures)
        {
            throw new DataSpecException("$.model.edgeFeatures", $"found true for \"{data.Name}\", whose edges have no features, needed false");
        }

        _model = new DeepGcn(spec.Model, data.FeatureCount, data.ClassCount, graphs: data.Target == GraphTarget.Graph);
        _model.Keep(spec);
        _model.to(device);
        MetricNames = Metrics.Of(Task, data.Metric.Name());
        Targets = data.Target == GraphTarget.NodeMultiLabel
            ? TargetFacts.OfLabels(_split.Train.Select(g => data.Graphs[g].NodeTargets!), data.ClassCount)
            : TargetFacts.OfClasses(_split.Train.SelectMany(LabelsOf).Where(label => label >= 0), data.ClassCount);
    }

    /// <inheritdoc />
    public override nn.Module Model => _model;

    /// <inheritdoc />
    public override IReadOnlyList<string> MetricNames { get; }

    /// <inheritdoc />
    public override TargetFacts Targets { get; }

    private string Task => _data.Target switch
    {
        GraphTarget.Graph => DatasetTasks.GraphClassification,
        GraphTarget.Node => DatasetTasks.InductiveNodeClassification,
        _ => DatasetTasks.MultiLabelNodeClassification,
    };

    // Nodes of a few large graphs, or many small graphs.
    private int BatchSize => _spec.Training.Sampling.BatchSize is > 0 and var asked ? asked : _data.Target == GraphTarget.Graph ? DefaultGraphs : 1;

    /// <inheritdoc />
    public override HeldBytes Held => _held.Values.SelectMany(split => split).Select(batch => batch.Held)
        .Concat(_data.Graphs.Select(sample => sample.Graph.Held + sample.Features.Held + HeldBytes.OfArrays(sample.NodeLabels)))
        .Aggregate(default(HeldBytes), (sum, each) => sum + each);

    /// <inheritdoc />
    public override IEnumerable<Parameter> FirstLayerParameters() => _model.FirstLayerParameters();

    /// <inheritdoc />
    public override IEnumerable<Parameter> BackboneParameters() => _model.BackboneParameters();

    /// <inheritdoc />
    public override IEnumerable<TrainBatch> Batches(int epoch)
    {
        foreach (var batch in DisjointBatch.Shuffled(_data.Graphs, _split.Train, BatchSize, _spec.Seed, epoch))
        {
            var data = new GraphBatchData(batch, _data.Target, _device);
            yield return new TrainBatch(() => data.Scores(_model), data.Targets, batch.Graph.NodeCount, data.Held.Bytes, data);
        }
    }

    /// <inheritdoc />
    public override Evaluation Evaluate(Action<ScoredSamples>? observe = null) =>
        new(Of("train", _split.Train, observe), Of("valid", _split.Valid, observe), Of("test", _split.Test, observe));

    /// <inheritdoc />
    public override StartedEvent Describe() => new()
    {
        Dataset = _data.Name,
        Unit = _data.Target == GraphTarget.Graph ? "graph" : "node",
        Graphs = _data.Graphs.Count,
        Nodes = _firstNode[^1],
        Edges = _data.Graphs.Sum(sample => (long)sample.Graph.EdgeCount),
        Features = _data.FeatureCount,
        Classes = _data.ClassCount,
        TrainNodes = Count(_split.Train),
        ValidNodes = Count(_split.Valid),
        TestNodes = Count(_split.Test),
        BatchesPerEpoch = (_split.Train.Length + BatchSize - 1) / BatchSize,
        KeptEdgeShare = 1,
        Metric = MetricNames[0],
        Device = _device.ToString(),
        DataSha256 = DataFingerprint.Of(_data, _split),
    };

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (var batch in _held.Values.SelectMany(split => split)) { batch.Dispose(); }
    }

    private Score Of(string split, int[] graphs, Action<ScoredSamples>? observe)
    {
        using var scope = NewDisposeScope();
        if (!_held.TryGetValue(split, out var batches))
        {
            batches = [.. graphs.Chunk(BatchSize).Select(chunk => new GraphBatchData(DisjointBatch.Of([.. chunk.Select(g => _data.Graphs[g])]), _data.Target, _device))];
            _held.Add(split, batches);
        }

        var scores = cat([.. batches.Select(batch => batch.Scores(_model))]);
        var targets = cat([.. batches.Select(batch => batch.Targets)]);
        observe?.Invoke(new(split, [.. graphs.SelectMany(SamplesOf)], scores, targets));
        return Score.Of(scores, targets, MetricNames);
    }

    private int Count(int[] graphs) => graphs.Sum(g => SamplesOf(g).Count());

    private IEnumerable<int> LabelsOf(int g) => _data.Target == GraphTarget.Graph ? [_data.Graphs[g].Label!.Value] : _data.Graphs[g].NodeLabels!;

    // The graph itself, or its labelled nodes.
    private IEnumerable<int> SamplesOf(int g)
    {
        if (_data.Target == GraphTarget.Graph) { return [g]; }
        var labels = _data.Graphs[g].NodeLabels;
        return Enumerable.Range(0, _data.Graphs[g].Graph.NodeCount).Where(node => labels is null || labels[node] >= 0).Select(node => _firstNode[g] + node);
    }
}
