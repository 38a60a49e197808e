using Contracts;
using DeepGnn.Graphs;
using DeepGnn.Models;
using static TorchSharp.torch;

namespace DeepGnn.Diagnostics;

/// <summary>
/// Watches the backbone's layers through the forward passes of a model until it is disposed. Where these are several (batches), figures are
/// means weighted by their nodes.
/// </summary>
internal sealed class LayerObservation : IDisposable
{
    private readonly DeepGcn _model;
    private readonly IReadOnlyList<nn.Module> _layers;
    private readonly Means _energy;
    private readonly Means _distance;
    private readonly Means _dead;

    public LayerObservation(DeepGcn model)
    {
        (_model, _layers) = (model, model.BackboneLayers);
        (_energy, _distance, _dead) = (new(_layers.Count), new(_layers.Count), new(_layers.Count));
        model.LayerOutput = Observe;
    }

    /// <summary>What was seen, and the gradients that the last backward pass left.</summary>
    public LayersEvent Figures(int epoch) => new()
    {
        Epoch = epoch,
        DirichletEnergy = _energy.Values,
        MeanAverageDistance = _distance.Values,
        DeadShare = _dead.Values,
        GradientNorm = [.. _layers.Select(layer => LayerDiagnostics.GradientNorm(layer.parameters()))],
    };

    public void Dispose() => _model.LayerOutput = null;

    private void Observe(int layer, Tensor h, Graph graph)
    {
        _energy.Add(layer - 1, LayerDiagnostics.DirichletEnergy(h, graph), graph.NodeCount);
        _distance.Add(layer - 1, LayerDiagnostics.MeanAverageDistance(h, graph), graph.NodeCount);
        _dead.Add(layer - 1, LayerDiagnostics.DeadChannelShare(h), graph.NodeCount);
    }

    /// <summary>A weighted mean for each layer; NaN of one that was never seen.</summary>
    private sealed class Means(int layers)
    {
        private readonly double[] _sums = new double[layers];
        private readonly double[] _weights = new double[layers];

        public double[] Values => [.. _sums.Zip(_weights, (sum, weight) => sum / weight)];

        public void Add(int layer, double value, double weight)
        {
            if (double.IsNaN(value)) { return; } // no neighbours in this graph
            _sums[layer] += value * weight;
            _weights[layer] += weight;
        }
    }
}
