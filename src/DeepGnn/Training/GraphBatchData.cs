using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Memory;
using DeepGnn.Models;
using DeepGnn.Runtime;
using DeepGnn.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>Graphs side by side on a device, with the targets of their labelled samples.</summary>
internal sealed class GraphBatchData : IDisposable
{
    private readonly DisjointBatch _batch;
    private readonly InputFeatures _features;
    private readonly Tensor? _labelled; // rows of labelled nodes where not all are

    public GraphBatchData(DisjointBatch batch, GraphTarget target, Device device)
    {
        using var scope = NewDisposeScope();
        _batch = batch;
        _features = new InputFeatures(batch.Features, device);
        Targets = target == GraphTarget.NodeMultiLabel
            ? cat([.. batch.Samples.Select(sample => sample.NodeTargets!.ToTensor(device))])
            : OwnMemory.Copy(Labels(target), device);
        if (target == GraphTarget.Node && Targets.lt(0).any().ToBoolean())
        {
            _labelled = Targets.ge(0).nonzero().squeeze(1).DetachFromDisposeScope();
            Targets = Targets.index_select(0, _labelled);
        }

        Targets.DetachFromDisposeScope();
    }

    public Tensor Targets { get; }

    public HeldBytes Held => _batch.Graph.Held + _features.Held + HeldBytes.OfTensors(Targets, _labelled);

    /// <summary>Scores of the labelled samples.</summary>
    public Tensor Scores(DeepGcn model)
    {
        var scores = model.forward(_features, _batch.Graph);
        return _labelled is null ? scores : scores.index_select(0, _labelled);
    }

    public void Dispose()
    {
        Targets.Dispose();
        _labelled?.Dispose();
        _features.Dispose();
        _batch.Graph.ReleaseTensors();
    }

    private long[] Labels(GraphTarget target) => target == GraphTarget.Graph
        ? [.. _batch.Samples.Select(sample => (long)sample.Label!.Value)]
        : [.. _batch.Samples.SelectMany(sample => sample.NodeLabels!.Select(label => (long)label))];
}
