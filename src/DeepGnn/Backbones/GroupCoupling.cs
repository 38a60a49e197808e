using DeepGnn.Graphs;
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
        var parts = Parts(x);
        var y = parts[1..].Aggregate((a, b) => a + b);
        var outputs = new Tensor[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            y = parts[i] + _blocks[i].forward(y, graph, EdgesOf(i, edges, x), PartOf(i, mask));
            outputs[i] = y;
        }

        return cat(outputs, dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>The x that gave y, without gradients.</summary>
    public Tensor Inverse(Tensor y, Graph graph, Tensor? edges = null, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        var parts = Parts(y);
        var inputs = new Tensor[parts.Length];
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            var before = i > 0 ? parts[i - 1] : inputs[1..].Aggregate((a, b) => a + b);
            inputs[i] = parts[i] - _blocks[i].forward(before, graph, EdgesOf(i, edges, y), PartOf(i, mask));
        }

        return cat(inputs, dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One step of the backward pass: from y and d loss / d y to x and d loss / d x. Each block is evaluated once, for its inverse and its
    /// gradient together. Gradients of parameters and edges are added to <paramref name="found"/>.
    /// </summary>
    internal (Tensor X, Tensor G) Back(Tensor y, Tensor g, Graph graph, Tensor? edges, Tensor? mask, ReversibleGradients found)
    {
        using var scope = NewDisposeScope();
        var parts = Parts(y);
        var gradients = Parts(g);
        var inputs = new Tensor[parts.Length];
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            var before = (i > 0 ? parts[i - 1] : inputs[1..].Aggregate((a, b) => a + b)).detach().requires_grad_();
            var edgesOf = EdgesOf(i, edges, y)?.detach().requires_grad_(found.Edges is not null);
            Tensor output;
            using (enable_grad()) { output = _blocks[i].forward(before, graph, edgesOf, PartOf(i, mask)); }

            inputs[i] = parts[i] - output.detach();
            var arrived = found.Take(output, gradients[i], before, edgesOf, _blocks[i], EdgesOf(i, found.Edges, y));
            if (i > 0) { gradients[i - 1] = gradients[i - 1] + arrived; }
            else
            {
                for (var k = 1; k < gradients.Length; k++) { gradients[k] = gradients[k] + arrived; }
            }
        }

        return (cat(inputs, dim: 1).MoveToOuterDisposeScope(), cat(gradients, dim: 1).MoveToOuterDisposeScope());
    }

    private Tensor[] Parts(Tensor x)
    {
        if (x.shape[1] % GroupCount != 0)
        {
            throw new ArgumentException($"channels: found {x.shape[1]}, needed a multiple of {GroupCount} groups");
        }

        return x.chunk(GroupCount, dim: 1);
    }

    private Tensor? PartOf(int group, Tensor? x) => x?.narrow(1, group * (x.shape[1] / GroupCount), x.shape[1] / GroupCount);

    private Tensor? EdgesOf(int group, Tensor? edges, Tensor x) =>
        edges is not null && edges.dim() == 2 && edges.shape[1] == x.shape[1] ? PartOf(group, edges) : edges;
}
