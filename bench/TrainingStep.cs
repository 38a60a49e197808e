using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Models;
using DeepGnn.Runtime;
using DeepGnn.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Bench;

/// <summary>One epoch of full-batch training without evaluation: forward, cross-entropy on the train nodes, backward, optimiser step.</summary>
internal sealed class TrainingStep : IDisposable
{
    private readonly NodeDataset _data;
    private readonly InputFeatures _features;
    private readonly Tensor _train, _labels;
    private readonly DeepGcn _model;
    private readonly GradientDescent _optimizer;

    public TrainingStep(NodeDataset data, Contracts.ModelSpec spec, double weightDecay = 0, Contracts.TrainingSpec? keep = null)
    {
        _data = data;
        _features = new InputFeatures(data.Features, CPU);
        var train = data.Splits[0].Train;
        _train = tensor(Array.ConvertAll(train, i => (long)i));
        _labels = tensor(Array.ConvertAll(train, i => (long)data.Labels[i]));
        _model = new DeepGcn(spec, data.Features.ColumnCount, data.ClassCount);
        _model.Keep(new() { Data = new() { Dataset = "sbm" }, Model = spec, Training = keep ?? new() });
        Parameter[] first = [.. _model.FirstLayerParameters()];
        _optimizer = new GradientDescent(Contracts.Optimizer.Adam, _model.parameters().Select(p => (p, first.Contains(p) ? weightDecay : 0))) { LearningRate = 0.01 };
        _model.GradientFound = _optimizer.Step;
        _model.train();
    }

    public long ParameterBytes => _model.parameters().Sum(p => p.numel() * p.element_size());

    public double? InversionError => _model.Reversible?.InversionError;

    public void Run()
    {
        using var scope = NewDisposeScope();
        _optimizer.ClearGradients();
        ManagedHeap.Tidy();
        var logits = _model.forward(_features, _data.Graph); // [N, C]
        var loss = nn.functional.cross_entropy(logits.index_select(0, _train), _labels);
        if (!double.IsFinite(loss.ToDouble())) { throw new InvalidOperationException("the loss is not finite"); }
        loss.backward();
        _optimizer.Step();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _features.Dispose();
        _train.Dispose();
        _labels.Dispose();
    }
}
