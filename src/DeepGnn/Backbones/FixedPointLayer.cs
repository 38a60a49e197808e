using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// A layer of any depth: z = x + block(z), solved for z, as one node of the autograd graph. With J = ∂block/∂z the gradient at x is the u of
/// u = g + Jᵀu, found in the same way, and the block's parameters get theirs from one backward step with u. Kept is z alone; the memory of a step
/// does not depend on how many evaluations it takes.
/// <para>One dropout mask is drawn for all evaluations of a forward pass and its backward pass: they are of one function.</para>
/// Source: Bai, Kolter and Koltun, "Deep Equilibrium Models", arXiv 1909.01377; for graphs, Li et al., "Training Graph Neural Networks with 1000
/// Layers", arXiv 2106.07476, section 3.3.
/// </summary>
public sealed class FixedPointLayer : nn.Module<Tensor, Graph, Tensor>
{
    private readonly CouplingBlock block;
    private readonly double _dropout;
    private readonly int _mostSteps;

    /// <summary>The block becomes a child of this module.</summary>
    /// <param name="block">From [N, D] to [N, D]; it may neither draw random numbers nor count statistics.</param>
    /// <param name="dropout">Probability in [0, 1) of a value being dropped while training.</param>
    /// <param name="mostSteps">Evaluations of the block, at least 1, after which z is taken as it is.</param>
    public FixedPointLayer(CouplingBlock block, double dropout, int mostSteps) : base(nameof(FixedPointLayer))
    {
        (this.block, _dropout, _mostSteps) = (block, dropout, mostSteps);
        RegisterComponents();
    }

    /// <summary>‖x + block(z) − z‖/‖z‖ that is small enough.</summary>
    public double Tolerance { get; set; } = 1e-4;

    /// <summary>The largest residual left by forward and backward passes in training since this was last set; NaN if there was none.</summary>
    public double Residual { get; set; } = double.NaN;

    /// <summary>Evaluations in the last forward pass in training.</summary>
    public int Steps { get; private set; }

    /// <summary>x is [N, D], so is the result.</summary>
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null);

    /// <summary>The same with edge features that need no gradient, or null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        var mask = _dropout > 0 && training ? HashDropout.Draw(_dropout) : null;
        Parameter[] weights = [.. parameters().Where(p => p.requires_grad)];
        var call = new FixedPointCall(
            (z, e) => mask is null ? block.forward(z, graph, e, null) : block.Dropped(z, graph, e, mask), weights, _mostSteps, Tolerance, training ? Noted : (_, _) => { });
        return FixedPointFunction.apply([x, edges!, call, .. weights]).MoveToOuterDisposeScope();
    }

    private void Noted(FixedPoint found, bool forward)
    {
        if (forward) { Steps = found.Steps; }
        Residual = Math.Max(double.IsNaN(Residual) ? 0 : Residual, found.Residual);
    }
}

/// <summary>What the search needs besides tensors.</summary>
internal sealed record FixedPointCall(Func<Tensor, Tensor?, Tensor> Block, Parameter[] Parameters, int MostSteps, double Tolerance, Action<FixedPoint, bool> Noted);

/// <summary>Arguments: x, edges, <see cref="FixedPointCall"/>, then all parameters.</summary>
internal sealed class FixedPointFunction : autograd.SingleTensorFunction<FixedPointFunction>
{
    public override string Name => nameof(FixedPointFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, edges, call) = ((Tensor)vars[0], (Tensor?)vars[1], (FixedPointCall)vars[2]);
        using var constant = no_grad();
        var found = FixedPoint.Of(z => call.Block(z, edges).add_(x), x, call.MostSteps, call.Tolerance);
        call.Noted(found, true);
        ctx.save_for_backward([found.Point, edges!]);
        ctx.save_data(nameof(FixedPointCall), call);
        return found.Point;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (FixedPointCall)ctx.get_data(nameof(FixedPointCall));
        var saved = ctx.get_saved_variables();
        var z = saved[0].detach().requires_grad_();
        using var recording = enable_grad();
        var y = call.Block(z, saved[1]);
        var found = FixedPoint.Of(u => Pulled([z], u, again: true)[0]!.add(g), g, call.MostSteps, call.Tolerance);
        call.Noted(found, false);
        return [found.Point, null, null, .. Pulled(call.Parameters, found.Point, again: false)];

        Tensor?[] Pulled(Tensor[] wanted, Tensor u, bool again) =>
            [.. autograd.grad([y], wanted, [u], retain_graph: again, allow_unused: true).Select(each => each is { IsInvalid: false } ? each : null)];
    });
}
