using DeepGnn.Aggregation;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>
/// x'_i = Σ_{j→i} d_j^−½ w_ji d_i^−½ Θ x_j + b, over A + I, with d the weighted in-degree.
/// Source: Kipf and Welling, arXiv 1609.02907, equation 2; PyG GCNConv.
/// </summary>
public sealed class GcnConv : GraphConvolution
{
    private readonly Linear lin;
    private readonly Parameter? bias;
    private readonly long _inChannels;
    private readonly long _outChannels;
    private readonly bool _normalize;
    private readonly bool _addSelfLoops;
    private readonly bool _improved;

    /// <summary>Θ is drawn uniformly within ±√(6/(in + out)), b is 0.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="outChannels">F'.</param>
    /// <param name="bias">Whether b is added.</param>
    /// <param name="normalize">Whether weights are normalised; otherwise they are used as given, or 1.</param>
    /// <param name="addSelfLoops">Whether a self-loop is added where there is none; as <paramref name="normalize"/> if null.</param>
    /// <param name="improved">
    /// Added self-loops weigh 2 (A + 2I). As in PyG this holds only where edge weights are given; without them they weigh 1.
    /// </param>
    /// <exception cref="ArgumentException">Self-loops without normalisation, which PyG refuses too.</exception>
    public GcnConv(
        int inChannels, int outChannels, bool bias = true, bool normalize = true, bool? addSelfLoops = null, bool improved = false)
        : base(nameof(GcnConv))
    {
        if (!normalize && addSelfLoops == true)
        {
            throw new ArgumentException("addSelfLoops: found true with normalize false, needed normalize true", nameof(addSelfLoops));
        }

        (_inChannels, _outChannels) = (inChannels, outChannels);
        (_normalize, _addSelfLoops, _improved) = (normalize, addSelfLoops ?? normalize, improved);
        lin = nn.Linear(inChannels, outChannels, hasBias: false);
        nn.init.xavier_uniform_(lin.weight);
        this.bias = bias ? nn.Parameter(zeros(outChannels)) : null;
        RegisterComponents();
    }

    /// <summary>Unweighted: x is [N, F], the result [N, F']. An isolated node sees itself alone.</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        if (!_normalize) { return Convolve(x, graph, null).MoveToOuterDisposeScope(); }
        var normal = SymmetricNormalization.Of(graph, _addSelfLoops, x.dtype, x.device);
        return Convolve(x, normal.Graph, normal.Weights).MoveToOuterDisposeScope();
    }

    /// <summary>Weighted: x is [N, F], edges w is [E] and may require a gradient.</summary>
    public override Tensor forward(Tensor x, Graph graph, Tensor edges)
    {
        using var scope = NewDisposeScope();
        if (!_normalize) { return Convolve(x, graph, edges).MoveToOuterDisposeScope(); }
        var normal = SymmetricNormalization.Of(graph, edges, _addSelfLoops, _improved ? 2 : 1);
        return Convolve(x, normal.Graph, normal.Weights).MoveToOuterDisposeScope();
    }

    /// <summary>Unweighted, of input features that may be sparse: XΘ costs as much as X has entries.</summary>
    public override Tensor forward(InputFeatures x, Graph graph, double dropout)
    {
        using var scope = NewDisposeScope();
        // As one function, which holds no product of all nodes beside its sum.
        if (!x.KeepsMatrix) { return forward(x.ToDense(dropout), graph).MoveToOuterDisposeScope(); }
        var product = x.Times(lin.weight, dropout); // [N, F']
        var normal = _normalize ? SymmetricNormalization.Of(graph, _addSelfLoops, product.dtype, product.device) : null;
        var sum = Aggregate.Sum(product, normal?.Graph ?? graph, normal?.Weights);
        product.Dispose(); // the sum needs it no more, forward or back
        return Biased(sum).MoveToOuterDisposeScope();
    }

    // A(XΘ) = (AX)Θ: the sum over edges runs on the narrower side.
    private Tensor Convolve(Tensor x, Graph graph, Tensor? weights)
    {
        if (_outChannels > _inChannels) { return Biased(lin.call(Aggregate.Sum(x, graph, weights))); }
        if (weights?.requires_grad != true) { return MappedSum.Of(x, graph, weights, mean: false, lin.weight!, null, bias); }
        return Biased(Aggregate.Sum(lin.call(x), graph, weights)); // [N, F']
    }

    private Tensor Biased(Tensor sum) => bias is null ? sum : sum.add_(bias);
}
