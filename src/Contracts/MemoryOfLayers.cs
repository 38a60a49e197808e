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
                if (l >= 2 && model.TieWeights) { break; }
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

    /// <summary>Saved by a training step on so many nodes and edges.</summary>
    public long Kept(long nodes, long edges)
    {
        var (perNode, perEdge) = (0.0, 0.0);
        for (var l = 0; l < Depth && model.Backbone != Backbone.Reversible; l++)
        {
            var (own, ofEdges) = Extra(In(l), _width);
            perNode += Wrapping(l) + own;
            perEdge += ofEdges;
        }

        if (model.Backbone == Backbone.Reversible) { perNode += _width * (_drops ? 3 : 2); } // input, last output, mask
        if (model.Backbone is Backbone.ResPlus or Backbone.Reversible) { perNode += (Normalized + 1 + Dropped) * _width; }
        if (model.Backbone is Backbone.Initial or Backbone.Appnp) { perNode += (1 + Dropped) * _width; }
        if (model.InputDropout > 0) { perNode += 2 * features; }
        perNode += FusionKept + HeadKept;
        return (long)((perNode * nodes) + (perEdge * (edges + nodes)));
    }

    /// <summary>Alive for a moment in the backward pass of the widest layer.</summary>
    public long Transient(long nodes, long edges)
    {
        var widest = model.Backbone == Backbone.Dense ? In(Depth - 1) + _width : model.Backbone == Backbone.Appnp ? classes : _width;
        if (model.Backbone == Backbone.Reversible)
        {
            // A block is computed again with its gradients: what it saves, and the parts of x, y and g.
            var part = _width / model.Groups;
            var (own, ofEdges) = Extra(part, part);
            return (long)((((Normalized + 2) * part) + own + (6 * _width)) * nodes) + (long)(ofEdges * (edges + nodes));
        }
        // Gradients on their way, in rows of the layer's width: measured.
        var rows = (model.Backbone == Backbone.Dense ? 2.8 : 4.3) + (model.Convolution == Convolution.Gen ? 3 : 0);
        var scores = model.Convolution is Convolution.Gat or Convolution.Gatv2 ? 3.0 * model.Heads : 0;
        return (long)((rows * widest * nodes) + (scores * (edges + nodes)));
    }

    /// <summary>Alive in an evaluation of the whole graph.</summary>
    public long Evaluation(long nodes) => (long)(((model.Fusion == Fusion.Last ? 4 : 2 + Depth) * _width) + (2 * classes)) * nodes;

    private double Normalized => model.Normalization switch
    {
        Normalization.None => 0,
        Normalization.Layer or Normalization.Batch => 1,
        _ => 2, // made of elementary operators
    };

    // Mask and result of a dropout whose result the next operator saves.
    private double Dropped => _drops ? 2 : 0;

    private long Fused => model.Fusion switch
    {
        Fusion.Concat => Widths,
        Fusion.Global => Widths + Global,
        Fusion.NodeMax => Widths + 1,
        _ => model.Backbone == Backbone.Dense && Depth > 0 ? Out(Depth - 1) : _width,
    };

    private long Widths => Enumerable.Range(0, Depth).Sum(Out);

    private double FusionKept => model.Fusion switch
    {
        Fusion.Concat => Widths,
        Fusion.Max => 2 * Widths,
        Fusion.Lstm => 12 * Widths,
        Fusion.Global or Fusion.NodeMax => (2 * Widths) + (3 * Global),
        _ => 0,
    };

    private double HeadKept => (2.0 * classes) + model.PredictionHidden.Sum(hidden => hidden * (Normalized + 1 + Dropped));

    private long In(int layer) => layer == 0 ? model.Stem == Stem.Linear ? _width : features
        : model.Backbone == Backbone.Dense ? layer * _width : _width;

    private long Out(int layer) => model.Backbone == Backbone.Dense ? (layer + 1) * _width : _width;

    // Input of the convolution, of the normalisation, result of ReLU, dropout; the result of one layer is the input of the next.
    private double Wrapping(int layer)
    {
        var mask = _drops ? 1.0 : 0;
        return model.Backbone switch
        {
            Backbone.ResPlus when layer == 0 => In(0),
            Backbone.ResPlus => (Normalized + 1 + Dropped) * _width,
            Backbone.Dense => In(layer) + ((Normalized + 1) * _width) + (mask * Out(layer)),
            Backbone.Initial => (Normalized + 2 + mask) * _width,
            Backbone.Res => In(layer) + ((Normalized + 1 + mask) * _width),
            _ => (_drops ? In(layer) : 0) + ((Normalized + 1 + mask) * _width), // without dropout, ReLU's result is the next input
        };
    }

    /// <summary>What a convolution saves besides its input: values a node, and a (looped) edge.</summary>
    private (double Nodes, double Edges) Extra(long inputs, long outputs)
    {
        if (model.Backbone == Backbone.Initial) { return (0, 0); }
        var winners = model.Aggregation == Aggregation.Max ? 1.0 : 0;
        var shares = model.Heads * (_drops && model.Backbone != Backbone.Reversible ? 4.0 : 2);
        return model.Convolution switch
        {
            Convolution.Gen => (GenExtra(inputs, outputs), 0),
            Convolution.Sage or Convolution.Graph => ((1 + winners) * inputs, 0),
            Convolution.Gin or Convolution.Gine => (inputs + outputs, 0),
            Convolution.Gat => (outputs, shares),
            Convolution.Gatv2 => (2 * outputs, shares),
            Convolution.Edge => (2 * outputs, 0),
            Convolution.Mr => ((2 * inputs) + outputs, 0), // both halves of the joined rows in place of the input
            _ => (0, 0),
        };
    }

    private double GenExtra(long inputs, long outputs)
    {
        var aggregated = model.Aggregation switch
        {
            Aggregation.Default or Aggregation.Softmax or Aggregation.SoftmaxStopped => 2.0, // sum, logarithm of the denominator
            Aggregation.Max => 1,
            Aggregation.Power => 3,
            _ => 0,
        };
        var hidden = 2 * (model.Normalization == Normalization.Batch ? 2.0 : 1) * (model.MlpLayers - 1);
        var mapped = inputs == outputs ? 0 : 1;
        return (aggregated + 1 + hidden + mapped + (model.MessageNorm ? 3 : 0)) * outputs;
    }

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
