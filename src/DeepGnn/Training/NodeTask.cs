using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Memory;
using DeepGnn.Models;
using DeepGnn.Runtime;
using DeepGnn.Sampling;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// Classifies the nodes of one graph, one class or several labels each: on the whole graph at once, or by mini-batches. The evaluation is always
/// that of the whole graph; with mini-batches its convolutions are computed for some nodes at a time, so that it needs little memory too.
/// </summary>
public sealed class NodeTask : LearningTask
{
    private const int ChunksOfEvaluation = 8;
    private const int SmallestChunk = 1_024; // below it, the rows gathered cost more than they save
    private readonly Graph _graph;
    private readonly NodeSplit _split;
    private readonly InputFeatures _features;
    private readonly Tensor _targets; // [N] or [N, C]
    private readonly Tensor _train, _valid, _test;
    private readonly Tensor? _edges;
    private readonly DeepGcn _model;
    private readonly NodeBatches? _batches;
    private readonly Graph _evaluated;
    private readonly StartedEvent _described; // with the fingerprint of the set as it was loaded, which is not kept

    /// <summary>Puts data and a fresh model on the device.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="data">The set that <see cref="NodeDatasets.Load"/> gives for the spec.</param>
    /// <param name="device">Where tensors live.</param>
    public NodeTask(RunSpec spec, NodeDataset data, Device device)
    {
        _graph = data.Graph;
        _split = data.Splits[spec.Data.Split];
        _features = new InputFeatures(data.Features, device);
        _targets = data.Targets?.ToTensor(device) ?? OwnMemory.Copy(Array.ConvertAll(data.Labels, label => (long)label), device);
        (_train, _valid, _test) = (Indices(_split.Train, device), Indices(_split.Valid, device), Indices(_split.Test, device));
        _edges = EdgeFeatures(spec, data, device);
        _model = new DeepGcn(spec.Model, _features.FeatureCount, data.ClassCount, data.EdgeFeatures?.ColumnCount);
        _model.Keep(spec);
        _model.to(device);
        _batches = NodeBatches.Of(spec.Training.Sampling, _graph, _split.Train, spec.Seed);
        _evaluated = _batches is null
            ? _graph
            : _graph.InChunks(Math.Max(SmallestChunk, (_graph.NodeCount / ChunksOfEvaluation) + 1), _batches.Order);
        MetricNames = Metrics.Of(
            data.Targets is null ? DatasetTasks.NodeClassification : DatasetTasks.MultiLabelNodeClassification, data.Metric.Name());
        Targets = data.Targets is null
            ? TargetFacts.OfClasses(_split.Train.Select(node => data.Labels[node]), data.ClassCount)
            : TargetFacts.OfLabels([data.Targets.Pick(_split.Train)], data.ClassCount);
        _described = Described(data);
    }

    /// <inheritdoc />
    public override nn.Module Model => _model;

    /// <inheritdoc />
    public override IReadOnlyList<string> MetricNames { get; }

    /// <inheritdoc />
    public override TargetFacts Targets { get; }

    /// <inheritdoc />
    public override HeldBytes Held => _evaluated.Held + _features.Held + HeldBytes.OfTensors(_targets, _train, _valid, _test, _edges)
        + HeldBytes.OfArrays(_split.Train, _split.Valid, _split.Test);

    /// <inheritdoc />
    public override IEnumerable<Parameter> FirstLayerParameters() => _model.FirstLayerParameters();

    /// <inheritdoc />
    public override IEnumerable<Parameter> BackboneParameters() => _model.BackboneParameters();

    /// <inheritdoc />
    public override IEnumerable<TrainBatch> Batches(int epoch)
    {
        foreach (var part in _batches?.Epoch(epoch) ?? []) { yield return BatchOf(part); }
        if (_batches is not null) { yield break; }

        var targets = _targets.index_select(0, _train);
        yield return new TrainBatch(() => Scores(_graph).index_select(0, _train), targets, _graph.NodeCount, HeldBytes.OfTensors(targets).Bytes, targets);
    }

    /// <inheritdoc />
    public override Evaluation Evaluate(Action<ScoredSamples>? observe = null)
    {
        using var scope = NewDisposeScope();
        var scores = Scores(_evaluated);
        return new(Of("train", _train, _split.Train), Of("valid", _valid, _split.Valid), Of("test", _test, _split.Test));

        Score Of(string split, Tensor rows, int[] nodes)
        {
            var (found, truth) = (scores.index_select(0, rows), _targets.index_select(0, rows));
            observe?.Invoke(new(split, nodes, found, truth));
            return Score.Of(found, truth, MetricNames);
        }
    }

    /// <inheritdoc />
    public override StartedEvent Describe() => _described;

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _features.Dispose();
        _edges?.Dispose();
        foreach (var held in new[] { _targets, _train, _valid, _test }) { held.Dispose(); }
    }

    private StartedEvent Described(NodeDataset data) => new()
    {
        Dataset = data.Name,
        Unit = "node",
        Nodes = data.Graph.NodeCount,
        Edges = data.Graph.EdgeCount,
        Features = data.Features.ColumnCount,
        Classes = data.ClassCount,
        TrainNodes = _split.Train.Length,
        ValidNodes = _split.Valid.Length,
        TestNodes = _split.Test.Length,
        Metric = MetricNames[0],
        Device = _targets.device.ToString(),
        BatchesPerEpoch = _batches?.Count ?? 1,
        KeptEdgeShare = _batches is null ? 1 : _batches.KeptEdgeShare,
        DataSha256 = DataFingerprint.Of(data, _split),
    };

    private Tensor Scores(Graph graph) => _model.forward(_features, graph, _edges);

    private TrainBatch BatchOf(Subgraph part)
    {
        using var scope = NewDisposeScope();
        var device = _targets.device;
        var features = _features.Pick(part.Nodes);
        var counted = Indices(part.Counted, device).DetachFromDisposeScope();
        var rows = Indices(Array.ConvertAll(part.Counted, i => part.Nodes[i]), device);
        var targets = _targets.index_select(0, rows).DetachFromDisposeScope();
        var bytes = HeldBytes.OfArrays(part.Nodes, part.Edges, part.Counted) + HeldBytes.OfTensors(counted, targets) + part.Graph.Held + features.Held;
        return new TrainBatch(Scores, targets, part.Nodes.Length, bytes.Bytes, features, counted, targets, new KeptTensors(part.Graph));

        Tensor Scores()
        {
            var edges = _edges?.index_select(0, Indices(part.Edges, device));
            return _model.forward(features, part.Graph, edges).index_select(0, counted);
        }
    }

    private static Tensor? EdgeFeatures(RunSpec spec, NodeDataset data, Device device)
    {
        if (!spec.Model.EdgeFeatures) { return null; }
        return data.EdgeFeatures is { } features
            ? OwnMemory.Copy(features.Values, device, features.RowCount, features.ColumnCount)
            : throw new DataSpecException("$.model.edgeFeatures", $"found true for \"{data.Name}\", whose edges have no features, needed false");
    }

    private static Tensor Indices(int[] nodes, Device device) => OwnMemory.Copy(Array.ConvertAll(nodes, node => (long)node), device);

    /// <summary>Frees what a batch's graph kept, at once.</summary>
    private sealed class KeptTensors(Graph graph) : IDisposable
    {
        public void Dispose() => graph.ReleaseTensors();
    }
}
