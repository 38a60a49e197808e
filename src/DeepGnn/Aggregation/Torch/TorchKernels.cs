using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Torch;

/// <summary>The kernels in libtorch operators, for any device.</summary>
internal sealed partial class TorchKernels : EdgeKernels
{
    // TorchSharp has no managed binding for index_reduce; TorchScript reaches it.
    private static readonly Lazy<jit.CompilationUnit> s_script = new(() => jit.compile("""
        def largest(into: Tensor, index: Tensor, rows: Tensor) -> Tensor:
            return into.index_reduce_(0, index, rows, 'amax')

        def smallest(into: Tensor, index: Tensor, rows: Tensor) -> Tensor:
            return into.index_reduce_(0, index, rows, 'amin')

        """));

    public static TorchKernels Instance { get; } = new();

    public override Tensor Sum(Messages messages, Graph graph, Tensor? weights, bool mean)
    {
        var sum = zeros_like(messages.Nodes);
        var chunks = new EdgeChunks(graph, messages);
        chunks.Each(c => sum.index_add_(0, c.Target, weights is null ? c.M : Weighted(c.M, weights, c), 1));
        return mean ? sum.div_(chunks.Degrees()) : sum;
    }

    public override EdgeGradients SumBackward(Messages messages, Graph graph, Tensor? weights, bool mean, Tensor g, Needed needed)
    {
        // A plain sum saved no nodes; chunks then gather g's rows for nothing but shape, which is harmless.
        var gathered = messages.Nodes is null ? messages with { Nodes = g } : messages;
        var found = Room(messages, g, needed, needed.Parameter ? empty_like(weights!) : null);
        var chunks = new EdgeChunks(graph, gathered);
        var arriving = mean ? g / chunks.Degrees() : g;
        chunks.Each(c =>
        {
            var arrived = arriving.index_select(0, c.Target);
            if (needed.Parameter)
            {
                var heads = weights!.shape[1];
                found.Parameter!.narrow(0, c.First, c.Count).copy_((arrived * c.M).view(c.Count, heads, -1).sum(-1));
            }

            Deliver(c, weights is null ? arrived : Weighted(arrived, weights, c), found);
        });
        return found;
    }

    public override (Tensor Largest, Tensor Edge) Max(Messages messages, Graph graph)
    {
        var chunks = new EdgeChunks(graph, messages);
        var largest = full_like(messages.Nodes, double.NegativeInfinity);
        chunks.Each(c => s_script.Value.invoke("largest", largest, c.Target, c.M));
        var edge = full(messages.Nodes.shape, graph.EdgeCount, int64, messages.Nodes.device);
        chunks.Each(c =>
        {
            var number = arange(c.First, c.First + c.Count, int64, edge.device).unsqueeze(1);
            var wins = c.M.eq(largest.index_select(0, c.Target));
            s_script.Value.invoke("smallest", edge, c.Target, where(wins, number, full_like(number, graph.EdgeCount)));
        });
        edge.masked_fill_(edge.eq(graph.EdgeCount), -1);
        largest.masked_fill_(largest.eq(double.NegativeInfinity), 0);
        return (largest, edge);
    }

    public override EdgeGradients MaxBackward(Messages messages, Graph graph, Tensor edge, Tensor g, Needed needed)
    {
        if (graph.EdgeCount == 0) { return Room(messages, g, needed, null); }

        var found = Room(messages, g, needed, null);
        var winner = edge.clamp_min(0);
        var source = graph.IndexOn(g.device).Sources.index_select(0, winner.reshape(-1)).view_as(winner);
        var passed = edge.ge(0);
        if (messages.Rectified)
        {
            var z = messages.Nodes.gather(0, source);
            passed &= (messages.Edges is null ? z : z + AtWinners(messages.Edges, winner)).gt(0);
        }

        var sent = g * passed;
        found.Nodes?.scatter_add_(0, source, sent);
        if (found.Edges.Any) { TakeWinners(messages.Edges!, winner, sent, found.Edges); }
        return found;
    }

    public override (Tensor Sum, Tensor LogSum) Softmax(Messages messages, Graph graph, Tensor t)
    {
        var chunks = new EdgeChunks(graph, messages);
        var largest = full_like(messages.Nodes, double.NegativeInfinity);
        chunks.Each(c => s_script.Value.invoke("largest", largest, c.Target, c.M * t));
        largest.masked_fill_(largest.eq(double.NegativeInfinity), 0);
        var (sum, total) = (zeros_like(largest), zeros_like(largest));
        chunks.Each(c =>
        {
            var m = c.M;
            var share = (m * t).sub_(largest.index_select(0, c.Target)).exp_();
            total.index_add_(0, c.Target, share, 1);
            sum.index_add_(0, c.Target, share.mul_(m), 1);
        });
        total.masked_fill_(total.eq(0), 1);
        return (sum.div_(total), total.log_().add_(largest));
    }

    public override EdgeGradients SoftmaxBackward(
        Messages messages, Graph graph, Tensor t, Tensor sum, Tensor logSum, Tensor g, bool stopped, Needed needed)
    {
        var found = Room(messages, g, needed, needed.Parameter ? zeros_like(t) : null);
        new EdgeChunks(graph, messages).Each(c =>
        {
            var m = c.M;
            var weighted = (m * t).sub_(logSum.index_select(0, c.Target)).exp_().mul_(g.index_select(0, c.Target));
            var apart = m - sum.index_select(0, c.Target);
            found.Parameter?.add_((weighted * m * apart).sum(dim: 0));
            Deliver(c, stopped ? weighted : weighted + (weighted * t * apart), found);
        });
        return found;
    }

    public override Tensor PowerMean(Messages messages, Graph graph, Tensor p, double lowest, double highest)
    {
        var sum = zeros_like(messages.Nodes);
        var chunks = new EdgeChunks(graph, messages);
        chunks.Each(c => sum.index_add_(0, c.Target, c.M.clamp(lowest, highest).pow(p), 1));
        return sum.div_(chunks.Degrees());
    }

    public override EdgeGradients PowerMeanBackward(
        Messages messages, Graph graph, Tensor p, double lowest, double highest, Tensor g, Needed needed)
    {
        var found = Room(messages, g, needed, needed.Parameter ? zeros_like(p) : null);
        var chunks = new EdgeChunks(graph, messages);
        var arriving = g / chunks.Degrees();
        chunks.Each(c =>
        {
            var m = c.M;
            var clamped = m.clamp(lowest, highest);
            var weighted = clamped.pow(p).mul_(arriving.index_select(0, c.Target));
            found.Parameter?.add_((weighted * clamped.log()).sum(dim: 0));
            Deliver(c, (weighted * p).div_(clamped).mul_(m.ge(lowest) & m.le(highest)), found);
        });
        return found;
    }

    /// <summary>The largest row per target and channel and the number of its edge; 0 and −1 where there is none.</summary>
    public static (Tensor Largest, Tensor Edge) Largest(Tensor rows, Tensor targets, Tensor edges, int count)
    {
        var largest = full([count, rows.shape[1]], double.NegativeInfinity, rows.dtype, rows.device);
        s_script.Value.invoke("largest", largest, targets, rows);
        var edge = full(largest.shape, long.MaxValue, int64, rows.device);
        var wins = rows.eq(largest.index_select(0, targets));
        var number = edges.unsqueeze(1);
        s_script.Value.invoke("smallest", edge, targets, where(wins, number, full_like(number, long.MaxValue)));
        edge.masked_fill_(edge.eq(long.MaxValue), -1);
        largest.masked_fill_(largest.eq(double.NegativeInfinity), 0);
        return (largest, edge);
    }

    private static void Deliver(Chunk chunk, Tensor g, EdgeGradients found)
    {
        var sent = chunk.ToInput(g);
        found.Nodes?.index_add_(0, chunk.Source, sent, 1);
        if (found.Edges.Any) { found.Edges.Take(chunk.Messages.Edges!, chunk.First, chunk.Count, sent); }
    }

    private static Tensor Weighted(Tensor rows, Tensor weights, Chunk chunk)
    {
        var w = weights.narrow(0, chunk.First, chunk.Count);
        return (rows.view(chunk.Count, w.shape[1], -1) * w.unsqueeze(-1)).view(chunk.Count, -1);
    }

    private static EdgeGradients Room(Messages messages, Tensor g, Needed needed, Tensor? parameter) => new(
        needed.Nodes ? zeros_like(g) : null, EdgeFeatureGradients.Zeros(messages.Edges, needed.Edges), parameter);
}
