using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>Defaults are deep_gcns_torch's.</summary>
public sealed record DeeperGenConvOptions
{
    /// <summary>How messages become one row.</summary>
    public Reduction Reduction { get; init; } = Reduction.Softmax;

    /// <summary>Whether the aggregate is multiplied by (number of edges)^sigmoid(y).</summary>
    public bool Sum { get; init; }

    /// <summary>Inverse temperature of the softmax.</summary>
    public double T { get; init; } = 1;

    /// <summary>Whether t is learnt; if not, the softmax weights are constants in the backward pass.</summary>
    public bool LearnT { get; init; }

    /// <summary>Power of the power mean.</summary>
    public double P { get; init; } = 1;

    /// <summary>Whether p is learnt.</summary>
    public bool LearnP { get; init; }

    /// <summary>y of <see cref="Sum"/>.</summary>
    public double Y { get; init; }

    /// <summary>Whether y is learnt; if not, it is a parameter without a gradient.</summary>
    public bool LearnY { get; init; }

    /// <summary>Whether aggregated messages are normalised to the length of x_i.</summary>
    public bool MessageNorm { get; init; }

    /// <summary>Whether the scale of that normalisation is learnt.</summary>
    public bool LearnMessageScale { get; init; } = true;

    /// <summary>Channels of edge features mapped to F; null: edge features of width F only.</summary>
    public int? EdgeChannels { get; init; }

    /// <summary>Between the perceptron's layers.</summary>
    public HiddenNorm Norm { get; init; } = HiddenNorm.Batch;

    /// <summary>Linear layers of the perceptron; hidden ones have 2F channels.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Keeps messages above zero.</summary>
    public double Epsilon { get; init; } = 1e-7;
}

/// <summary>
/// GENConv as its authors have it: x'_i = MLP(x_i + AGG_{j→i}(relu(x_j + e_ji) + ε)) with messages of F channels.
/// Source: Li et al., "DeeperGCN", arXiv 2006.07739; deep_gcns_torch GENConv. Differs from <see cref="GenConv"/> (PyG): the perceptron maps
/// F to F', powers are clamped to [1e-7, 10] always, and a softmax whose t is not learnt has constant weights in the backward pass.
/// </summary>
public sealed class DeeperGenConv : GraphConvolution
{
    private readonly Parameter? t;
    private readonly Parameter? p;
    private readonly Parameter? y;
    private readonly Sequential mlp;
    private readonly MessageNorm? msg_norm;
    private readonly Linear? edge_encoder;
    private readonly DeeperGenConvOptions _options;

    /// <summary>Linear layers are drawn uniformly within ±1/√in.</summary>
    public DeeperGenConv(int inChannels, int outChannels, DeeperGenConvOptions? options = null) : base(nameof(DeeperGenConv))
    {
        var o = _options = options ?? new DeeperGenConvOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(o.Layers, 1, nameof(options));
        t = o.LearnT && o.Reduction == Reduction.Softmax ? nn.Parameter(full([1], o.T)) : null;
        p = o.LearnP && o.Reduction == Reduction.PowerMean ? nn.Parameter(full([1], o.P)) : null;
        y = o.Sum ? nn.Parameter(full([1], o.Y), o.LearnY) : null;
        msg_norm = o.MessageNorm ? new MessageNorm(o.LearnMessageScale) : null;
        edge_encoder = o.EdgeChannels is { } channels ? nn.Linear(channels, inChannels) : null;
        mlp = Perceptron(inChannels, outChannels, o);
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, F'].</summary>
    public override Tensor forward(Tensor x, Graph graph) => Convolve(x, graph, null);

    /// <summary>The same with edge features e, [E, F] or [E, EdgeChannels].</summary>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges) => Convolve(x, graph, edges);

    private Tensor Convolve(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        var sum = Reduced(new Messages(x, EdgeFeatures.Mapped(edges, edge_encoder), Rectified: true, _options.Epsilon), graph); // [N, F]
        if (y is not null)
        {
            var degrees = graph.IndexOn(x.device).Degrees.to(x.dtype).unsqueeze(1); // [N, 1]
            sum *= degrees.pow(y.sigmoid());
        }

        if (msg_norm is not null) { sum = msg_norm.call(x, sum); }
        return mlp.call(x + sum).MoveToOuterDisposeScope();
    }

    private Tensor Reduced(Messages messages, Graph graph) => _options.Reduction switch
    {
        Reduction.Softmax or Reduction.SoftmaxStopped =>
            Aggregate.Softmax(messages, graph, t ?? Constant(_options.T, messages.Nodes), stopped: t is null),
        Reduction.PowerMean =>
            Aggregate.PowerMean(messages, graph, p ?? Constant(_options.P, messages.Nodes), lowest: 1e-7, highest: 10),
        Reduction.Mean => Aggregate.Mean(messages, graph),
        Reduction.Max => Aggregate.Max(messages, graph),
        _ => Aggregate.Sum(messages, graph),
    };

    private static Tensor Constant(double value, Tensor like) => full([1], value, like.dtype, like.device);

    // Names count linear, norm and activation as deep_gcns_torch's MLP does.
    private static Sequential Perceptron(int inChannels, int outChannels, DeeperGenConvOptions o)
    {
        var parts = new List<nn.Module<Tensor, Tensor>>();
        var width = inChannels;
        for (var layer = 1; layer < o.Layers; layer++)
        {
            parts.Add(nn.Linear(width, 2 * inChannels));
            if (Layered.Norm(o.Norm, 2 * inChannels) is { } norm) { parts.Add(norm); }
            parts.Add(nn.ReLU());
            width = 2 * inChannels;
        }

        parts.Add(nn.Linear(width, outChannels));
        return nn.Sequential(parts.Select((part, i) => ($"{i}", part)));
    }
}
