using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// GCNII for node prediction: linear → ReLU gives X_0; L layers of dropout → <see cref="Gcn2Conv"/> → ReLU; dropout → linear. Layers share
/// the initial residual X_0. Source: Chen et al., "Simple and Deep Graph Convolutional Networks", arXiv 2007.02133, section 3.
/// </summary>
public sealed class Gcnii : nn.Module<Tensor, Graph, Tensor>
{
    private readonly ModuleList<Linear> lins;
    private readonly ModuleList<Gcn2Conv> convs;
    private readonly double _dropout;

    /// <summary>Fresh weights from libtorch's generator.</summary>
    /// <param name="inChannels">F.</param>
    /// <param name="hidden">D.</param>
    /// <param name="outChannels">Classes.</param>
    /// <param name="layers">L.</param>
    /// <param name="alpha">Share of X_0 in each layer.</param>
    /// <param name="theta">θ in β_l = ln(θ/l + 1).</param>
    /// <param name="dropout">Probability of a value being dropped while training.</param>
    /// <param name="sharedWeights">Whether a layer maps both terms with one matrix.</param>
    public Gcnii(
        int inChannels, int hidden, int outChannels, int layers, double alpha, double theta, double dropout = 0, bool sharedWeights = true)
        : base(nameof(Gcnii))
    {
        _dropout = dropout;
        lins = new ModuleList<Linear>(nn.Linear(inChannels, hidden), nn.Linear(hidden, outChannels));
        convs = new ModuleList<Gcn2Conv>([.. Enumerable.Range(1, layers).Select(l => new Gcn2Conv(hidden, alpha, theta, l, sharedWeights))]);
        RegisterComponents();
    }

    /// <summary>x is [N, F], the result [N, classes].</summary>
    public override Tensor forward(Tensor x, Graph graph)
    {
        using var scope = NewDisposeScope();
        var initial = lins[0].call(Dropped(x)).relu(); // [N, D]
        var h = Gcn2Conv.Rectified([.. convs], initial, initial, graph, training ? _dropout : 0);
        return lins[1].call(Dropped(h)).MoveToOuterDisposeScope();
    }

    private Tensor Dropped(Tensor x) => _dropout > 0 && training ? HashDropout.Apply(x, _dropout, training) : x;
}
