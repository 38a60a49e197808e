using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>A reduction with its parameter, learnable or not: t of the softmax, p of the power mean (names as in PyG).</summary>
public sealed class Aggregator : nn.Module<Messages, Graph, Tensor>
{
    private readonly Parameter? t;
    private readonly Parameter? p;
    private readonly Reduction _reduction;
    private readonly double _initial;
    private readonly double _lowest;
    private readonly double _highest;

    /// <summary>A reduction.</summary>
    /// <param name="reduction">Which.</param>
    /// <param name="initial">t or p at the start; 1 is PyG's default.</param>
    /// <param name="learn">Whether t or p is a parameter.</param>
    /// <param name="channels">1, or D for a value per channel.</param>
    /// <param name="lowest">Lower clamp of the power mean.</param>
    /// <param name="highest">Upper clamp of the power mean.</param>
    public Aggregator(
        Reduction reduction, double initial = 1, bool learn = false, int channels = 1, double lowest = 1e-4, double highest = 100)
        : base(nameof(Aggregator))
    {
        (_reduction, _initial, _lowest, _highest) = (reduction, initial, lowest, highest);
        if (learn && reduction == Reduction.Softmax) { t = nn.Parameter(full([channels], initial)); }
        if (learn && reduction == Reduction.PowerMean) { p = nn.Parameter(full([channels], initial)); }
        RegisterComponents();
    }

    /// <summary>Messages of D channels give [N, D].</summary>
    public override Tensor forward(Messages messages, Graph graph) => _reduction switch
    {
        Reduction.Sum => Aggregate.Sum(messages, graph),
        Reduction.Mean => Aggregate.Mean(messages, graph),
        Reduction.Max => Aggregate.Max(messages, graph),
        Reduction.Softmax or Reduction.SoftmaxStopped => Softmax(messages, graph),
        // PyG clamps only where a power is taken.
        Reduction.PowerMean when p is null && _initial == 1 => Aggregate.Mean(messages, graph),
        Reduction.PowerMean => PowerMean(messages, graph),
        _ => throw new InvalidOperationException($"unknown reduction {_reduction}"),
    };

    /// <summary>Whether messages are weighted by a softmax.</summary>
    internal bool IsSoftmax => _reduction is Reduction.Softmax or Reduction.SoftmaxStopped;

    /// <summary>Whether the softmax's weights count as constants.</summary>
    internal bool Stops => _reduction == Reduction.SoftmaxStopped;

    /// <summary>t of the softmax, [D], in the caller's dispose scope.</summary>
    internal Tensor Temperature(Tensor x)
    {
        var one = t ?? full([1], _initial, x.dtype, x.device);
        return Aggregate.PerChannel(Stops ? one.detach() : one, x.shape[1]);
    }

    private Tensor Softmax(Messages messages, Graph graph)
    {
        using var constant = t is null ? Constant(messages) : null;
        return Aggregate.Softmax(messages, graph, t ?? constant!, _reduction == Reduction.SoftmaxStopped);
    }

    private Tensor PowerMean(Messages messages, Graph graph)
    {
        using var constant = p is null ? Constant(messages) : null;
        return Aggregate.PowerMean(messages, graph, p ?? constant!, _lowest, _highest);
    }

    private Tensor Constant(Messages messages) => full([1], _initial, messages.Nodes.dtype, messages.Nodes.device);
}
