using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>
/// Invertible layers one after the other as one node of the autograd graph: it keeps the last output only, and its backward pass computes
/// each layer's input from its output on the way, so memory does not grow with depth. Costs one more evaluation of each layer. The input is
/// left as it was; the output must not be changed in place before the one backward pass that each forward pass allows.
/// <para>Rounding makes the inverted activations drift from the true ones, and rectifiers near 0 then switch: <see cref="AnchorEvery"/> bounds
/// it, <see cref="CarriesDouble"/> ends it, <see cref="InversionError"/> measures it.</para>
/// <para>One dropout mask is drawn for all layers in each forward pass and used again in the backward pass, as the paper's code does.</para>
/// Source: Li et al., "Training Graph Neural Networks with 1000 Layers", arXiv 2106.07476, section 3.2.
/// </summary>
public sealed class ReversibleStack : nn.Module<Tensor, Graph, Tensor>
{
    private readonly ModuleList<GroupCoupling> layers;
    private readonly double _dropout;
    private readonly int _depth;

    /// <summary>The layers become children of this module.</summary>
    /// <param name="layers">The layers in their order.</param>
    /// <param name="dropout">Probability in [0, 1) of a value being dropped while training.</param>
    /// <param name="depth">With one layer: how often it is applied (weight-tied).</param>
    public ReversibleStack(IReadOnlyList<GroupCoupling> layers, double dropout = 0, int? depth = null) : base(nameof(ReversibleStack))
    {
        if (dropout is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "needed a probability from 0 to below 1");
        }

        if (depth is not null && layers.Count != 1)
        {
            throw new ArgumentException($"layers: found {layers.Count} beside a depth of {depth}, needed 1", nameof(layers));
        }

        this.layers = new ModuleList<GroupCoupling>([.. layers]);
        (_dropout, _depth) = (dropout, depth ?? layers.Count);
        RegisterComponents();
    }

    /// <summary>An activation is kept every so many layers; 0: none.</summary>
    public int AnchorEvery { get; set; }

    /// <summary>
    /// Whether channels go from layer to layer in double precision. A layer sees them in the precision of x and adds its result; what is inverted
    /// then rounds to what the layer saw, so that its second evaluation is the first one bit for bit, but where 2⁻⁵³ decides a rounding. Costs
    /// 1.5·N·D values of x's type at any depth.
    /// </summary>
    public bool CarriesDouble { get; set; }

    /// <summary>Whether autograd keeps every layer's activations, as for any other stack; the function is the same.</summary>
    public bool KeepsActivations { get; set; }

    /// <summary>
    /// Largest relative error of an inverted activation, ‖x̂ − x‖/‖x‖, at the anchors and (in 256 rows) at the input, in the backward passes
    /// since this was last set; NaN if there was none.
    /// </summary>
    public double InversionError { get; set; } = double.NaN;

    /// <summary>
    /// Takes each parameter's gradient as soon as it is known, layer by layer, so that not all of them are held at once; autograd gets none then.
    /// It may change the parameter. Not for tied weights, whose gradients are sums over the layers.
    /// </summary>
    public Action<Parameter, Tensor>? GradientFound { get; set; }

    /// <summary>Whether the gradient that arrives at the output is read by nobody else, so that the backward pass may change it in place.</summary>
    internal bool GradientIsOurs { get; set; }

    internal IReadOnlyList<GroupCoupling> Layers => [.. Enumerable.Range(0, _depth).Select(At)];

    /// <summary>x is [N, D], so is the result.</summary>
    public override Tensor forward(Tensor x, Graph graph) => forward(x, graph, null);

    /// <summary>The same with edge features, or null.</summary>
    public Tensor forward(Tensor x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        var all = Layers;
        var masks = _dropout > 0 && training ? Enumerable.Range(0, At(0).GroupCount).Select(_ => HashDropout.Draw(_dropout)).ToArray() : null;
        var carried = CarriesDouble ? ScalarType.Float64 : x.dtype;
        if (KeepsActivations)
        {
            return all.Aggregate(x.to(carried), (h, layer) => layer.Dropped(h, graph, edges, masks, x.dtype)).to(x.dtype).MoveToOuterDisposeScope();
        }

        Parameter[] weights = [.. parameters().Where(p => p.requires_grad)];
        var goesBack = is_grad_enabled() && (x.requires_grad || edges?.requires_grad == true || weights.Length > 0);
        var use = layers.Count == _depth ? GradientFound : null;
        // Autograd keeps a node for each argument: where it gets no gradients of parameters, one of them says that there are some.
        if (use is not null) { weights = weights[..Math.Min(1, weights.Length)]; }
        var call = new ReversibleCall([.. all], graph, x.shape[1], masks, weights, goesBack ? new Anchors(AnchorEvery) : null)
        {
            NodesNeeded = x.requires_grad,
            EdgesNeeded = edges?.requires_grad ?? false,
            GradientIsOurs = GradientIsOurs,
            Type = x.dtype,
            CarriedType = carried,
            Use = use,
            Inverted = error => InversionError = Math.Max(double.IsNaN(InversionError) ? 0 : InversionError, error),
        };
        return ReversibleFunction.apply([x, edges!, call, .. weights]).MoveToOuterDisposeScope();
    }

    private GroupCoupling At(int layer) => layers[Math.Min(layer, layers.Count - 1)];
}

/// <summary>What a reversible stack needs besides tensors; <see cref="Output"/> and <see cref="Replays"/> carry what the forward pass leaves.</summary>
internal sealed record ReversibleCall(
    GroupCoupling[] Layers, Graph Graph, long Channels, DropoutMask[]? Masks, Parameter[] Parameters, Anchors? Anchors)
{
    public bool NodesNeeded { get; init; }

    public bool EdgesNeeded { get; init; }

    public bool GradientIsOurs { get; init; }

    /// <summary>What layers compute in, and what their results are added up in.</summary>
    public ScalarType Type { get; init; }

    /// <inheritdoc cref="Type"/>
    public ScalarType CarriedType { get; init; }

    /// <summary>What of the carried groups does not fit into the output's precision; empty where it is theirs.</summary>
    public Tensor[] Remainders { get; set; } = [];

    public Action<Parameter, Tensor>? Use { get; init; }

    public required Action<double> Inverted { get; init; }

    /// <summary>The last output. A saved variable would live through the whole backward pass beside what is inverted from it.</summary>
    public Tensor? Output { get; set; }

    public Replay[][] Replays { get; set; } = [];
}

/// <summary>Arguments: x, edges, <see cref="ReversibleCall"/>, then all parameters.</summary>
internal sealed class ReversibleFunction : autograd.SingleTensorFunction<ReversibleFunction>
{
    public override string Name => nameof(ReversibleFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var edges = (Tensor?)vars[1];
        var call = (ReversibleCall)vars[2];
        var parts = Carried(call, (Tensor)vars[0]);
        call.Replays = [.. call.Layers.Select(layer => layer.NewReplays())];
        for (var l = 0; l < call.Layers.Length; l++)
        {
            call.Anchors?.Keep(l, parts);
            call.Layers[l].Forth(parts, call, edges, call.Replays[l]);
            ManagedHeap.Tidy();
        }

        ctx.save_for_backward([edges!]);
        ctx.save_data(nameof(ReversibleCall), call);
        var y = Rounded(call, parts);
        if (call.Anchors is not null)
        {
            call.Output = y.detach().DetachFromDisposeScope();
            if (call.CarriedType != call.Type)
            {
                call.Remainders = [.. parts.Zip(call.Layers[0].Parts(y), (part, rounded) => part.sub_(rounded).to(call.Type).DetachFromDisposeScope())];
            }
        }

        foreach (var part in parts) { part.Dispose(); }

        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (ReversibleCall)ctx.get_data(nameof(ReversibleCall));
        var edges = ctx.get_saved_variables()[0];
        var found = new ReversibleGradients(call, call.EdgesNeeded ? edges : null);
        var parts = GroupsOfOutput(call);
        var gradients = call.Layers[0].Parts(call.GradientIsOurs ? g : g.clone());
        for (var l = call.Layers.Length - 1; l >= 0; l--)
        {
            call.Layers[l].Back(parts, gradients, call, edges, call.Replays[l], found);
            call.Anchors!.Correct(l, parts);
            ManagedHeap.Tidy();
        }

        call.Inverted(call.Anchors!.Error);
        foreach (var part in parts) { part.Dispose(); }
        return [call.NodesNeeded ? cat(gradients, dim: 1) : null, found.Edges, null, .. found.Ordered];
    });

    // Group by group: all of them in double precision side by side would be the most that is held at once.
    private static Tensor Rounded(ReversibleCall call, Tensor[] parts)
    {
        if (call.CarriedType == call.Type) { return cat(parts, dim: 1); }
        var y = empty(parts[0].shape[0], call.Channels, call.Type, parts[0].device);
        using var scope = NewDisposeScope();
        foreach (var (into, part) in call.Layers[0].Parts(y).Zip(parts)) { into.copy_(part); }
        return y;
    }

    private static Tensor[] GroupsOfOutput(ReversibleCall call)
    {
        using var scope = NewDisposeScope();
        using var output = call.Output ?? throw new InvalidOperationException("reversible stack: found a second backward pass, needed one for each forward pass");
        call.Output = null;
        var parts = Carried(call, output);
        for (var i = 0; i < call.Remainders.Length; i++)
        {
            parts[i].add_(call.Remainders[i]);
            call.Remainders[i].Dispose();
        }

        foreach (var part in parts) { part.MoveToOuterDisposeScope(); }
        return parts;
    }

    // Copies of the groups, to be changed in place.
    private static Tensor[] Carried(ReversibleCall call, Tensor x)
    {
        using var scope = NewDisposeScope();
        return Array.ConvertAll(call.Layers[0].Parts(x), part => (call.CarriedType == call.Type ? part.clone() : part.to(call.CarriedType)).MoveToOuterDisposeScope());
    }
}
