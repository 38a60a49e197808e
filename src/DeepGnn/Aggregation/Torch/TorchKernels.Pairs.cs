using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Torch;

/// <summary>Functions of pairs.</summary>
internal sealed partial class TorchKernels
{
    public override Tensor EdgeSoftmax(Tensor scores, Graph graph)
    {
        var targets = graph.IndexOn(scores.device).Targets;
        var largest = full([graph.NodeCount, scores.shape[1]], double.NegativeInfinity, scores.dtype, scores.device);
        s_script.Value.invoke("largest", largest, targets, scores);
        var raised = (scores - largest.index_select(0, targets)).exp_();
        var total = zeros_like(largest).index_add_(0, targets, raised, 1);
        return raised.div_(total.index_select(0, targets));
    }

    public override Tensor EdgeSoftmaxBackward(Tensor shares, Graph graph, Tensor g)
    {
        var targets = graph.IndexOn(shares.device).Targets;
        var mean = zeros(graph.NodeCount, shares.shape[1], shares.dtype, shares.device).index_add_(0, targets, shares * g, 1);
        return shares * (g - mean.index_select(0, targets));
    }

    public override Tensor PairScores(Pairs pairs, Graph graph, Tensor attention, double slope)
    {
        var (heads, channels) = (attention.shape[0], attention.shape[1]);
        var scores = empty(graph.EdgeCount, heads, pairs.Sources.dtype, pairs.Sources.device);
        EachPair(pairs, graph, (c, z) =>
            scores.narrow(0, c.First, c.Count).copy_((Activated(z, slope).view(-1, heads, channels) * attention).sum(-1)));
        return scores;
    }

    public override PairGradients PairScoresBackward(
        Pairs pairs, Graph graph, Tensor attention, double slope, Tensor g, NeededByPairs needed)
    {
        var (heads, channels) = (attention.shape[0], attention.shape[1]);
        var found = Room(pairs, needed, needed.Parameter ? zeros_like(attention) : null);
        EachPair(pairs, graph, (c, z) =>
        {
            var score = g.narrow(0, c.First, c.Count).unsqueeze(-1); // [chunk, H, 1]
            found.Parameter?.add_((score * Activated(z, slope).view(-1, heads, channels)).sum(dim: 0));
            Deliver(c, Passed(z, (score * attention).view_as(z), slope), found);
        });
        return found;
    }

    public override Tensor PairMoments(Pairs pairs, Graph graph, double slope)
    {
        var moments = zeros(2, pairs.Sources.shape[1], pairs.Sources.dtype, pairs.Sources.device);
        if (graph.EdgeCount == 0) { return moments; }
        var (mean, variance) = (moments[0], moments[1]);
        EachPair(pairs, graph, (_, z) => mean.add_(Activated(z, slope).sum(dim: 0)));
        mean.div_(graph.EdgeCount);
        EachPair(pairs, graph, (_, z) => variance.add_((Activated(z, slope) - mean).square().sum(dim: 0)));
        variance.div_(graph.EdgeCount);
        return moments;
    }

    public override PairGradients PairMomentsBackward(
        Pairs pairs, Graph graph, double slope, Tensor moments, Tensor g, NeededByPairs needed)
    {
        var found = Room(pairs, needed, null);
        var share = 1.0 / Math.Max(1, graph.EdgeCount);
        EachPair(pairs, graph, (c, z) =>
        {
            var y = Activated(z, slope);
            Deliver(c, Passed(z, (g[0] + (2 * g[1] * (y - moments[0]))) * share, slope), found);
        });
        return found;
    }

    private static void EachPair(Pairs pairs, Graph graph, Action<Chunk, Tensor> work)
    {
        var chunks = new EdgeChunks(graph, new Messages(pairs.Sources, pairs.Edges));
        chunks.Each(c => work(c, c.Z + pairs.Targets.index_select(0, c.Target)));
    }

    private static Tensor Activated(Tensor z, double slope) => where(z.gt(0), z, z * slope);

    private static Tensor Passed(Tensor z, Tensor g, double slope) => where(z.gt(0), g, g * slope);

    private static void Deliver(Chunk chunk, Tensor sent, PairGradients found)
    {
        found.Sources?.index_add_(0, chunk.Source, sent, 1);
        found.Targets?.index_add_(0, chunk.Target, sent, 1);
        if (found.Edges.Any) { found.Edges.Take(chunk.Messages.Edges!, chunk.First, chunk.Count, sent); }
    }

    private static PairGradients Room(Pairs pairs, NeededByPairs needed, Tensor? parameter) => new(
        needed.Sources ? zeros_like(pairs.Sources) : null,
        needed.Targets ? zeros_like(pairs.Targets) : null,
        EdgeFeatureGradients.Zeros(pairs.Edges, needed.Edges),
        parameter);
}
