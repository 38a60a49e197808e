using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// An invertible layer. The channels are C groups X_1 … X_C; Y_0 = X_2 + … + X_C and Y_i = X_i + f_i(Y_{i−1}). Backwards,
/// X_i = Y_i − f_i(Y_{i−1}) from the last group to the first.
/// Source: Li et al., "Training Graph Neural Networks with 1000 Layers", arXiv 2106.07476, section 3.2; PyG GroupAddRev.
/// </summary>
public sealed class GroupCoupling : nn.Module<Tensor, Graph, Tensor>
{
    [ComponentName(Name = "convs")] private readonly ModuleList<CouplingBlock> _blocks;

    /// <summary>One block for each group; they become children of this module.</summary>
    /// <exception cref="ArgumentException">Fewer than two groups: nothing would be invertible.</exception>
    public GroupCoupling(IReadOnlyList<CouplingBlock> blocks) : base(nameof(GroupCoupling))
    {
        if (blocks.Count < 2) { throw new ArgumentException($"groups: found {blocks.Count}, needed at least 2", nameof(blocks)); }
        _blocks = new ModuleList<CouplingBlock>([.. blocks]);
        RegisterComponents();
    }

    /// <summary>Number of groups C.</summary>
    public int GroupCount => _blocks.Count;

    /// <summary>x is [N, D], so is the result; autograd keeps what it needs of every group.</summary>
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null, null);

    /// <summary>The same with edge features (cut into groups where they have D channels) and a dropout mask [N, D], either of them null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return Joined(x, (i, y) => _blocks[i].forward(y, graph, EdgesOf(i, edges, x.shape[1]), PartOf(i, mask))).MoveToOuterDisposeScope();
    }

    /// <summary>The same with a mask for each group, or none; blocks compute in <paramref name="type"/>, x may be more precise.</summary>
    internal Tensor Dropped(Tensor x, Graph graph, Tensor? edges, DropoutMask[]? masks, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return Joined(x, (i, y) => Block(i, y.to(type), graph, EdgesOf(i, edges, x.shape[1]), masks)).MoveToOuterDisposeScope();
    }

    /// <summary>The x that gave y, without gradients.</summary>
    public Tensor Inverse(Tensor y, Graph graph, Tensor? edges = null, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var parts = Parts(y);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            parts[i] = parts[i] - _blocks[i].forward(Before(i, parts), graph, EdgesOf(i, edges, y.shape[1]), PartOf(i, mask));
        }

        return cat(parts, dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Views of the groups of [N, D].</summary>
    internal Tensor[] Parts(Tensor x)
    {
        if (x.shape[1] % GroupCount != 0)
        {
            throw new ArgumentException($"channels: found {x.shape[1]}, needed a multiple of {GroupCount} groups");
        }

        return x.chunk(GroupCount, dim: 1);
    }

    /// <summary>What is to be remembered of one pass forwards, for each block.</summary>
    internal Replay[] NewReplays() => [.. _blocks.Select(block => new Replay(block))];

    /// <summary>One step forwards without gradients: the groups are changed in place.</summary>
    internal void Forth(Tensor[] parts, ReversibleCall call, Tensor? edges, Replay[] replays)
    {
        for (var i = 0; i < parts.Length; i++)
        {
            using var scope = NewDisposeScope();
            var y = Before(i, parts).to(call.Type);
            parts[i].add_(replays[i].First(() => Block(i, y, call.Graph, EdgesOf(i, edges, call.Channels), call.Masks)));
        }
    }

    /// <summary>
    /// One step backwards: <paramref name="parts"/> turn from y into x in place, <paramref name="gradients"/> from d loss / d y into d loss / d x.
    /// Each block is evaluated once, for its inverse and its gradient together.
    /// </summary>
    internal void Back(Tensor[] parts, Tensor[] gradients, ReversibleCall call, Tensor? edges, Replay[] replays, ReversibleGradients found)
    {
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            using var scope = NewDisposeScope();
            var before = Before(i, parts).to(call.Type).detach().requires_grad_();
            var edgesOf = EdgesOf(i, edges, call.Channels)?.detach().requires_grad_(found.Edges is not null);
            var arrived = replays[i].Again(() =>
            {
                using var recording = enable_grad();
                var output = Block(i, before, call.Graph, edgesOf, call.Masks);
                using (no_grad()) { parts[i].sub_(output); }
                return found.Take(output, gradients[i], before, edgesOf, _blocks[i], EdgesOf(i, found.Edges, call.Channels));
            });
            foreach (var k in i > 0 ? [i - 1] : Enumerable.Range(1, parts.Length - 1)) { gradients[k].add_(arrived); }
            BackwardScope.Free();
        }
    }

    private Tensor Joined(Tensor x, Func<int, Tensor, Tensor> block)
    {
        var parts = Parts(x);
        for (var i = 0; i < parts.Length; i++) { parts[i] = parts[i] + block(i, Before(i, parts)); }
        return cat(parts, dim: 1);
    }

    // Y_{i−1} for block i, whether the groups after it are X or Y: block 1 sees the others' inputs, which forwards are not changed yet.
    private static Tensor Before(int i, Tensor[] parts) =>
        i > 0 ? parts[i - 1] : parts.Length == 2 ? parts[1] : parts[1..].Aggregate((a, b) => a + b);

    private Tensor Block(int i, Tensor y, Graph graph, Tensor? edges, DropoutMask[]? masks) =>
        masks is null ? _blocks[i].forward(y, graph, edges, null) : _blocks[i].Dropped(y, graph, edges, masks[i]);

    private Tensor? PartOf(int group, Tensor? x) => x?.narrow(1, group * (x.shape[1] / GroupCount), x.shape[1] / GroupCount);

    private Tensor? EdgesOf(int group, Tensor? edges, long channels) =>
        edges is not null && edges.dim() == 2 && edges.shape[1] == channels ? PartOf(group, edges) : edges;
}
