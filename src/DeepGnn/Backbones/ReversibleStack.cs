using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// Invertible layers one after the other as one node of the autograd graph: it keeps the last output only, and its backward pass computes
/// each layer's input from its output on the way, so memory does not grow with depth. Costs one more evaluation of each layer.
/// <para>One dropout mask is drawn for all layers in each forward pass and used again in the backward pass, as the paper's code does.</para>
/// Source: Li et al., "Training Graph Neural Networks with 1000 Layers", arXiv 2106.07476, section 3.2.
/// </summary>
public sealed class ReversibleStack : nn.Module<Tensor, Graph, Tensor>
{
    private readonly ModuleList<GroupCoupling> layers;
    private readonly double _dropout;

    /// <summary>The layers become children of this module.</summary>
    public ReversibleStack(IReadOnlyList<GroupCoupling> layers, double dropout = 0) : base(nameof(ReversibleStack))
    {
        if (dropout is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "needed a probability from 0 to below 1");
        }

        this.layers = new ModuleList<GroupCoupling>([.. layers]);
        _dropout = dropout;
        RegisterComponents();
    }

    internal IReadOnlyList<GroupCoupling> Layers => [.. layers];

    /// <summary>x is [N, D], so is the result.</summary>
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null);

    /// <summary>The same with edge features, or null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        var mask = _dropout > 0 && training ? HashDropout.Apply(ones_like(x.detach()), _dropout, training) : null;
        Parameter[] weights = [.. parameters().Where(p => p.requires_grad)];
        var call = new ReversibleCall([.. layers], graph, weights, x.requires_grad, edges?.requires_grad ?? false);
        return ReversibleFunction.apply([x, edges!, mask!, call, .. weights]).MoveToOuterDisposeScope();
    }
}

/// <summary>What a reversible stack needs besides tensors.</summary>
internal sealed record ReversibleCall(GroupCoupling[] Layers, Graph Graph, Parameter[] Parameters, bool NodesNeeded, bool EdgesNeeded);

/// <summary>Arguments: x, edges, mask, <see cref="ReversibleCall"/>, then all parameters.</summary>
internal sealed class ReversibleFunction : autograd.SingleTensorFunction<ReversibleFunction>
{
    public override string Name => nameof(ReversibleFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (edges, mask) = ((Tensor?)vars[1], (Tensor?)vars[2]);
        var call = (ReversibleCall)vars[3];
        var y = ((Tensor)vars[0]).alias();
        foreach (var layer in call.Layers)
        {
            var before = y;
            y = layer.forward(before, call.Graph, edges, mask);
            before.Dispose();
        }

        ctx.save_for_backward([y, edges!, mask!]);
        ctx.save_data(nameof(ReversibleCall), call);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (ReversibleCall)ctx.get_data(nameof(ReversibleCall));
        var saved = ctx.get_saved_variables();
        var (edges, mask) = (saved[1], saved[2]);
        var found = new ReversibleGradients(call.Parameters, call.EdgesNeeded ? edges : null);
        var y = saved[0].detach();
        foreach (var layer in call.Layers.Reverse())
        {
            var (after, arrived) = (y, g);
            (y, g) = layer.Back(after, arrived, call.Graph, edges, mask, found);
            after.Dispose();
            arrived.Dispose();
        }

        return [call.NodesNeeded ? g : null, found.Edges, null, null, .. found.Ordered];
    });
}
