namespace Contracts;

/// <summary>
/// Numbers that a model keeps, counted in float32 values: of its parameters, of the tensors that autograd saves in a forward pass (an operator
/// saves what its gradient needs: a linear layer its input, ReLU its result, dropout its mask, a normalisation its input), and of those that
/// live for a moment.
/// </summary>
internal sealed class MemoryOfLayers(ModelSpec model, long features, long classes)
{
    private const int Global = 1_024;

    private readonly long _width = model.HiddenChannels;
    private readonly bool _drops = model.Dropout > 0;

    private int Depth => model.Backbone == Backbone.Appnp ? 0 : model.Layers - (model.Prediction == Prediction.Convolution ? 1 : 0);

    public long Parameters
    {
        get
        {
            var sum = model.Stem == Stem.Linear ? (features + 1) * _width : 0;
            for (var l = 0; l < Depth; l++)
            {
                if ((l >= 2 && model.TieWeights) || (l >= 1 && model.Backbone == Backbone.FixedPoint)) { break; }
                sum += model.Backbone switch
                {
                    Backbone.Initial => _width * _width * (model.SeparateWeights ? 2 : 1),
                    Backbone.Reversible => model.Groups * Weights(_width / model.Groups, _width / model.Groups),
                    _ => Weights(In(l), _width),
                } + (2 * _width);
            }
            var fused = Fused;
            if (model.Fusion is Fusion.Global or Fusion.NodeMax) { sum += fused * Global; }
            return sum + (model.Prediction == Prediction.Convolution ? Weights(fused, classes) : Head(fused));
        }
    }

    /// <summary>Parameters whose gradients never live together: the optimiser uses each as it is found.</summary>
    public long SteppedAtOnce => model.Backbone == Backbone.Reversible && !model.TieWeights
        ? Depth * ((model.Groups * Weights(_width / model.Groups, _width / model.Groups)) + (2 * _width))
        : 0;

    /// <summary>Saved by a training step on so many nodes and edges; layers of a segment that runs again on the way back keep its input alone.</summary>
    /// <param name="nodes">Nodes that go through the model.</param>
    /// <param name="edges">Directed edges among them.</param>
    /// <param name="segments">Layers that run again on the way back, see <see cref="Recomputation.Segments(RunSpec)"/>.</param>
    /// <param name="anchors">Activations that a reversible stack keeps on its way.</param>
    public long Kept(long nodes, long edges, IReadOnlyList<int> segments, int anchors)
    {
        var perNode = FusionKept + HeadKept + (model.InputDropout > 0 ? 2 * features : 0);
        if (model.Backbone is Backbone.ResPlus or Backbone.Reversible or Backbone.FixedPoint) { perNode += (Before + 1) * _width; }
        if (model.Backbone is Backbone.Initial or Backbone.Appnp) { perNode += 2 * _width; }
        var others = perNode * nodes;
        if (model.Backbone == Backbone.Reversible) { return (long)(others + ((1 + anchors) * _width * nodes)); }
        if (model.Backbone == Backbone.FixedPoint) { return (long)(others + (2 * _width * nodes)); }

        // At a segment: the inputs of those before it and its own, and what its layers keep.
        var (from, inputs, most) = (0, 0.0, 0.0);
        foreach (var length in segments)
        {
            var to = Math.Min(Depth, from + length);
            if (from < to) { inputs += In(from) * nodes; }
            most = Math.Max(most, inputs + Saved(from, to));
            from = to;
        }

        return (long)(others + most + Saved(from, Depth));

        double Saved(int first, int end)
        {
            var sum = 0.0;
            for (var l = first; l < end; l++)
            {
                var (own, ofEdges) = Extra(In(l), _width);
                sum += ((Wrapping(l) + own) * nodes) + (ofEdges * (edges + nodes));
            }

            return sum;
        }
    }

    /// <summary>Alive for a moment in the backward pass of the widest layer.</summary>
    public long Transient(long nodes, long edges)
    {
        var scores = model.Convolution is Convolution.Gat or Convolution.Gatv2 ? 3.0 * model.Heads : 0;
        if (model.Backbone == Backbone.Reversible)
        {
            // A block is computed again with its gradients: what it saves, and the parts of x, y and g.
            var part = _width / model.Groups;
            var (own, ofEdges) = Extra(part, part);
            return (long)((((Before + 2) * part) + own + (4 * _width)) * nodes) + (long)((ofEdges + scores) * (edges + nodes));
        }

        if (model.Backbone == Backbone.FixedPoint)
        {
            // The block with its gradients, and what the search remembers.
            var (own, ofEdges) = Extra(_width, _width);
            return (long)((((Before + 12) * _width) + own) * nodes) + (long)((ofEdges + scores) * (edges + nodes));
        }

        // Gradients on their way, in rows of the layer's width: measured.
        var widest = model.Backbone == Backbone.Dense && Depth > 0 ? In(Depth - 1) + _width : model.Backbone == Backbone.Appnp ? classes : _width;
        var rows = model.Backbone == Backbone.Dense ? 2.8 : model.Convolution switch { Convolution.Gen => 7.3, Convolution.Edge => 9, _ => 4.3 };
        var pairs = model.Backbone == Backbone.Dense && model.Convolution == Convolution.Mr && Depth > 0 ? 2 * In(Depth - 1) : 0; // of x and the maximum
        return (long)((Math.Max((rows * widest) + pairs, FusedOnTheWay) * nodes) + (scores * (edges + nodes)));
    }

    /// <summary>Alive in an evaluation of the whole graph: two layers' channels, or those of all layers and their fusion.</summary>
    /// <param name="nodes">Nodes of the graph.</param>
    /// <param name="inChunks">Whether convolutions are computed for some of them at a time.</param>
    public long Evaluation(long nodes, bool inChunks) =>
        ((model.Fusion != Fusion.Last ? 2 * Widths : model.Backbone == Backbone.Dense && Depth > 0 ? (inChunks ? 2 : 3) * Out(Depth - 1) : 2 * _width) + (2 * _width) + (2 * classes)) * nodes;

    // What norm → ReLU → dropout save in front of a convolution, whose input comes on top. Layer norm and ReLU are one function that keeps its
    // input; dropout makes its mask again; ReLU saves its result, which is the convolution's input unless dropout makes another.
    private double Before => model.Normalization switch
    {
        Normalization.Layer => 1,
        Normalization.None => _drops ? 1 : 0,
        Normalization.Batch => _drops ? 2 : 1,
        _ => _drops ? 3 : 2, // made of elementary operators
    };

    // The same behind a convolution.
    private double Behind => model.Normalization switch
    {
        Normalization.Layer or Normalization.None => 1,
        Normalization.Batch => 2,
        _ => 3,
    };

    private long Fused => model.Fusion switch
    {
        Fusion.Concat => Widths,
        Fusion.Global => Widths + Global,
        Fusion.NodeMax => Widths + 1,
        _ => model.Backbone == Backbone.Dense && Depth > 0 ? Out(Depth - 1) : _width,
    };

    private long Widths => Enumerable.Range(0, Depth).Sum(Out);

    // The gradient of all layers' channels side by side, when that of the head is there.
    private double FusedOnTheWay => model.Fusion == Fusion.Last ? 0 : Fused;

    private double FusionKept => model.Fusion switch
    {
        Fusion.Concat => Widths,
        Fusion.Max => 2 * Widths,
        Fusion.Lstm => 12 * Widths,
        Fusion.Global or Fusion.NodeMax => (2 * Widths) + (3 * Global),
        _ => 0,
    };

    private double HeadKept => (2.0 * classes) + model.PredictionHidden.Sum(hidden => hidden * (Behind + 1));

    private long In(int layer) => layer == 0 ? model.Stem == Stem.Linear ? _width : features
        : model.Backbone == Backbone.Dense ? layer * _width : _width;

    private long Out(int layer) => model.Backbone == Backbone.Dense ? (layer + 1) * _width : _width;

    // What a layer saves around its convolution, whose input is counted here; the result of one layer is the input of the next.
    private double Wrapping(int layer) => model.Backbone switch
    {
        Backbone.ResPlus => layer == 0 ? In(0) : (Before + 1) * _width,
        Backbone.Dense => In(layer) + (Behind * _width),
        // One function keeps its mixture and a bit for each value of its result.
        Backbone.Initial when model.Normalization == Normalization.None && !model.SeparateWeights => (1 + (1.0 / 32)) * _width,
        Backbone.Initial => (model.Normalization == Normalization.None ? 2 : Behind + 1 + (model.Normalization == Normalization.Layer ? 1 : 0)) * _width,
        Backbone.Res => In(layer) + (Behind * _width),
        // Without a layer norm ReLU's result is kept, and is the next input unless dropout makes another.
        _ => (_drops || layer == 0 || model.Normalization == Normalization.Layer ? In(layer) : 0) + (Behind * _width),
    };

    /// <summary>What a convolution saves besides its input: values a node, and a (looped) edge.</summary>
    private (double Nodes, double Edges) Extra(long inputs, long outputs)
    {
        if (model.Backbone == Backbone.Initial) { return (0, 0); }
        var winners = model.Aggregation == Aggregation.Max ? 1.0 : 0; // an edge's number for each value
        return model.Convolution switch
        {
            Convolution.Gen => (GenExtra(inputs, outputs), 0),
            Convolution.Sage => (winners * inputs, 0),
            Convolution.Graph => ((1 + winners) * inputs, 0),
            Convolution.Gin or Convolution.Gine => (inputs + outputs, 0),
            // Shares before and after dropout; of GAT the scores too.
            Convolution.Gat => (outputs, model.Heads * (_drops ? 3 : 2)),
            Convolution.Gatv2 => (2 * outputs, model.Heads * (_drops ? 2 : 1)),
            Convolution.Edge => (0, 0),
            Convolution.Mr => ((2 * inputs) + outputs, 0),
            _ => (0, 0),
        };
    }

    private double GenExtra(long inputs, long outputs)
    {
        // Sum, logarithm of its denominator and the hidden layer before its norm; with the norm in front the convolution's own input is made again.
        if (IsFused(inputs, outputs)) { return (model.Backbone is Backbone.ResPlus or Backbone.Reversible or Backbone.FixedPoint ? 3 : 4) * outputs; }
        var aggregated = model.Aggregation switch
        {
            Aggregation.Default or Aggregation.Softmax or Aggregation.SoftmaxStopped => 2.0, // sum, logarithm of the denominator
            Aggregation.Max => 1,
            Aggregation.Power => 3,
            _ => 0,
        };
        // The input of the perceptron, and of its hidden layer of twice the width what norm and ReLU save.
        var hidden = 2 * (model.Normalization == Normalization.Batch ? 2.0 : 1) * (model.MlpLayers - 1);
        var mapped = inputs == outputs ? 0 : 1;
        return (aggregated + 1 + hidden + mapped + (model.MessageNorm ? 3 : 0)) * outputs;
    }

    private bool IsFused(long inputs, long outputs) =>
        inputs == outputs && model is { Normalization: Normalization.Layer, MlpLayers: 2, MessageNorm: false, EdgeFeatures: false, Aggregation: Aggregation.Default or Aggregation.Softmax or Aggregation.SoftmaxStopped };

    private long Weights(long inputs, long outputs) => model.Convolution switch
    {
        Convolution.Gen => (inputs == outputs ? 0 : 2 * inputs * outputs) + (outputs * outputs * (model.MlpLayers == 1 ? 1 : 4 * (model.MlpLayers - 1))) + (7 * outputs),
        Convolution.Sage or Convolution.Graph or Convolution.Gatv2 or Convolution.Edge or Convolution.Mr => (2 * inputs * outputs) + (2 * outputs),
        Convolution.Gin or Convolution.Gine => (inputs * outputs) + (outputs * outputs) + (2 * outputs),
        _ => (inputs + 3) * outputs,
    };

    private long Head(long inputs)
    {
        var sum = 0L;
        foreach (var hidden in model.PredictionHidden)
        {
            sum += (inputs + 3) * hidden;
            inputs = hidden;
        }
        return sum + ((inputs + 1) * classes);
    }
}
