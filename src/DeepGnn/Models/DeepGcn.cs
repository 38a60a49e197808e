using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using DeepGnn.Normalizations;
using DeepGnn.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// The DeepGCN pipeline: stem → backbone of L graph convolutions → fusion → prediction. Features [N, F] and a graph give class scores [N, C],
/// or [G, C] where whole graphs are classified (their nodes become one row after the fusion).
/// <para>With f(h) = act(norm(conv h)), a plain layer computes h ← dropout(f(h)), <c>res</c> h ← dropout(h + f(h)), <c>dense</c>
/// h ← dropout([h, f(h)]), so that its channels grow by D a layer; <c>res+</c> computes h ← h + conv(dropout(act(norm h))), its first layer
/// is the convolution alone, and norm → act → dropout follows the last one. The first layer of these is plain. With tied weights all layers
/// after the first are one. <c>initial</c> layers are those of <see cref="InitialResidualLayer"/> on act(stem), with dropout before the
/// prediction. <c>deq</c> is one <see cref="FixedPointLayer"/> of conv(dropout(act(norm h))), evaluated at most L times. <c>rev</c> layers are a <see cref="ReversibleStack"/> of conv(dropout(act(norm h))) in channel groups, again with
/// norm → act → dropout after the last. <c>appnp</c> has no layers: dropout(act(stem)) is predicted from, and L steps of <see cref="Appnp"/>
/// spread the predictions.</para>
/// <para>Source: Li et al., DeepGCNs, arXiv:1904.03751 (pipeline, residual connection); Li et al., DeeperGCN, arXiv:2006.07739 (res+);
/// Kipf and Welling, arXiv:1609.02907 (stem and prediction as convolutions); Rong et al., DropEdge, arXiv:1907.10903.</para>
/// </summary>
public sealed class DeepGcn : nn.Module<InputFeatures, Graph, Tensor>
{
    private static readonly ReLU s_relu = nn.ReLU();
    private readonly Linear? stem;
    private readonly ModuleList<DeepGcnLayer> layers = [];
    private readonly ModuleList<InitialResidualLayer> initial = [];
    private readonly ReversibleStack? reversible;
    private readonly FixedPointLayer? fixedPoint;
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly FusionBlock? fusion;
    private readonly GraphConvolution? prediction;
    private readonly Sequential? head;
    private readonly Appnp? appnp;
    private readonly ReadoutBlock? _readout;
    private readonly ModelSpec _spec;
    private readonly int? _edgeChannels;
    private readonly int _depth; // layers of the backbone

    /// <summary>Builds the model with fresh weights from libtorch's generator.</summary>
    /// <param name="spec">A spec without faults (<see cref="RunSpecValidation"/>).</param>
    /// <param name="features">Input features F ≥ 1.</param>
    /// <param name="classes">Classes, or labels, C ≥ 1.</param>
    /// <param name="edgeChannels">Channels of the edge features; they are used where the spec says so.</param>
    /// <param name="graphs">Whether whole graphs are classified.</param>
    public DeepGcn(ModelSpec spec, int features, int classes, int? edgeChannels = null, bool graphs = false) : base(nameof(DeepGcn))
    {
        _spec = spec;
        _edgeChannels = spec.EdgeFeatures ? edgeChannels : null;
        var width = spec.HiddenChannels;
        if (spec.Stem == Stem.Linear) { stem = nn.Linear(features, width); }

        _depth = spec.Backbone == Backbone.Appnp ? 0 : spec.Layers - (spec.Prediction == Prediction.Convolution ? 1 : 0);
        var outputs = new List<int>(); // channels after each layer: D, or D more with each dense layer
        for (var l = 0; l < _depth && spec.Backbone is not (Backbone.Reversible or Backbone.FixedPoint); l++)
        {
            var before = l > 0 ? outputs[^1] : stem is null ? features : width;
            if (spec.Backbone == Backbone.Initial) { initial.Add(new InitialResidualLayer(spec, l + 1)); }
            else if (l < 2 || !spec.TieWeights) { layers.Add(Layer(l, before)); }
            outputs.Add(l > 0 && spec.Backbone == Backbone.Dense ? before + width : width);
        }

        if (spec.Backbone == Backbone.FixedPoint) { fixedPoint = new FixedPointLayer(Block(width), spec.Dropout, _depth); }
        if (spec.Backbone == Backbone.Reversible)
        {
            reversible = spec.TieWeights
                ? new ReversibleStack([Coupling()], spec.Dropout, _depth)
                : new ReversibleStack([.. Enumerable.Range(0, _depth).Select(_ => Coupling())], spec.Dropout);
        }

        if (reversible is not null)
        {
            reversible.GradientIsOurs = true; // it comes from what stands between stack and prediction
            GradientFound = null;
        }

        var last = outputs.Count > 0 ? outputs[^1] : width;
        if (spec.Backbone is Backbone.ResPlus or Backbone.Reversible or Backbone.FixedPoint) { norm = Modules.Normalization(spec.Normalization, last); }
        if (spec.Fusion != Fusion.Last && outputs.Count > 0) { fusion = new FusionBlock(spec, outputs); }
        if (graphs) { _readout = new ReadoutBlock(spec.Readout); }

        var fused = fusion?.OutChannels ?? last;
        if (spec.Prediction == Prediction.Convolution) { prediction = Modules.Convolution(spec, fused, classes, _edgeChannels); }
        else { head = Modules.PredictionMlp(spec, _readout?.Channels(fused) ?? fused, classes); }
        if (spec.Backbone == Backbone.Appnp) { appnp = new Appnp(spec.Layers, spec.Alpha); }

        RegisterComponents();
    }

    /// <summary>
    /// Sees the output h [N, D_l] of each layer l = 1 … L of the backbone, and its graph, during a forward pass; a reversible one shows the last
    /// alone.
    /// </summary>
    public Action<int, Tensor, Graph>? LayerOutput { get; set; }

    /// <summary>
    /// Takes each gradient of a reversible backbone's layers as soon as it is known (see <see cref="ReversibleStack.GradientFound"/>); null: the
    /// parameters keep them, as all other parameters do.
    /// </summary>
    public Action<Parameter, Tensor>? GradientFound
    {
        set { if (reversible is not null) { reversible.GradientFound = value ?? AddTo; } }
    }

    /// <summary>
    /// Numbers of layers, from the first on, whose activations are made again in the backward pass, a segment at a time; layers behind all of them
    /// keep theirs. Where a fusion sees all layers, only what is inside a layer can be made again: segments are then of one layer.
    /// </summary>
    public IReadOnlyList<int> Segments { get; set; } = [];

    /// <summary>Sets what the backward pass finds kept: anchors, precision, segments.</summary>
    public void Keep(RunSpec spec)
    {
        Segments = Recomputation.Segments(spec);
        if (reversible is not null) { (reversible.AnchorEvery, reversible.CarriesDouble) = (Recomputation.AnchorEvery(spec), Recomputation.CarriesDouble(spec)); }
    }

    /// <summary>The reversible stack, or null with another backbone.</summary>
    public ReversibleStack? Reversible => reversible;

    /// <summary>The layer that is solved for its fixed point, or null with another backbone.</summary>
    public FixedPointLayer? FixedPoint => fixedPoint;

    /// <summary>The L layers of the backbone in their order; tied ones are the same module.</summary>
    public IReadOnlyList<nn.Module> BackboneLayers =>
    fixedPoint is not null ? [fixedPoint] :
    [
        .. Enumerable.Range(0, _depth).Select(l =>
            reversible?.Layers[l] ?? (initial.Count > 0 ? initial[l] : (nn.Module)layers[Math.Min(l, layers.Count - 1)])),
    ];

    /// <summary>Parameters before the second convolution: those that the GCN paper's weight decay covers.</summary>
    public IEnumerable<Parameter> FirstLayerParameters()
    {
        var first = initial.Count > 0 ? initial[0].parameters()
            : layers.Count > 0 ? layers[0].parameters()
            : fixedPoint is not null ? fixedPoint.parameters()
            : prediction is not null && reversible is null ? prediction.parameters()
            : [];
        return stem is null ? first : stem.parameters().Concat(first);
    }

    /// <summary>Parameters of the backbone's layers, without stem, fusion and prediction.</summary>
    public IEnumerable<Parameter> BackboneParameters() => [.. layers.parameters(), .. initial.parameters(), .. reversible?.parameters() ?? [], .. fixedPoint?.parameters() ?? []];

    /// <inheritdoc />
    public override Tensor forward(InputFeatures x, Graph graph) => forward(x, graph, null);

    /// <summary>The same with features [E, K] of the graph's edges.</summary>
    public Tensor forward(InputFeatures x, Graph graph, Tensor? edges)
    {
        using var scope = NewDisposeScope();
        edges = _edgeChannels is null ? null : edges;
        if (!training || (_spec.DropEdge == 0 && _spec.DropNode == 0)) { return Predicted(x, graph, edges).MoveToOuterDisposeScope(); }

        var (thinned, kept) = Thinned(graph, edges);
        var scores = Predicted(x, thinned, kept);
        if (!ReferenceEquals(thinned, graph)) { thinned.ReleaseTensors(); }
        return scores.MoveToOuterDisposeScope();
    }

    // Where autograd would add it, without a second copy of all gradients on the way.
    private static void AddTo(Parameter parameter, Tensor gradient)
    {
        using var present = parameter.grad;
        if (present is not null) { present.add_(gradient); }
        else { parameter.grad = gradient; }
    }

    private Tensor Predicted(InputFeatures x, Graph graph, Tensor? edges)
    {
        var first = Stemmed(x); // [N, D], null when the first convolution is the stem
        var fused = new List<Tensor>();
        var h = first;
        for (var l = 0; l < _depth && reversible is null && fixedPoint is null;)
        {
            var (before, last) = (h, SegmentEnd(l, h));
            h = Layers(l, last, h, first, x, graph, edges); // [N, D]
            l = last + 1;
            LayerOutput?.Invoke(l, h, graph);

            // What nothing waits for is let go at once: an evaluation then holds two layers' channels, whatever the depth.
            if (fusion is not null) { fused.Add(h); }
            else if (initial.Count == 0 || !ReferenceEquals(before, first)) { before?.Dispose(); }
        }

        if (reversible is not null)
        {
            h = reversible.forward(first!, graph, edges); // [N, D]
            first!.Dispose();
            LayerOutput?.Invoke(_depth, h, graph);
        }

        if (fixedPoint is not null)
        {
            // Rows of length √D: next to smaller ones a block with a norm in front has a slope above 1, and there is no fixed point to find.
            using var injected = nn.functional.layer_norm(first!, [_spec.HiddenChannels]);
            first!.Dispose();
            h = fixedPoint.forward(injected, graph, edges); // [N, D]
            LayerOutput?.Invoke(1, h, graph);
        }

        h = Finished(h!, graph);
        if (fusion is not null)
        {
            fused[^1] = h;
            h = fusion.forward(fused, graph); // [N, fused]
        }

        if (_readout is not null) { h = _readout.Of(h, graph); } // [G, fused]
        if (prediction is not null) { return prediction.Convolved(h, graph, edges); } // [N, C]
        h = head!.forward(h); // [N, C] or [G, C]
        return appnp is null ? h : appnp.forward(h, graph);
    }

    // The last layer of the segment that begins with layer l.
    private int SegmentEnd(int l, Tensor? h)
    {
        if (fusion is not null) { return l; }
        if (!RunsAgain(l, h)) { return initial.Count > 0 && LayerOutput is null ? _depth - 1 : l; }
        var (end, segment) = (Segments[0], 0);
        while (end <= l) { end += Segments[++segment]; }
        return Math.Min(end, _depth) - 1;
    }

    // The first layer may have the features themselves for an input.
    private bool RunsAgain(int l, Tensor? h) => training && h is not null && l < Segments.Sum();

    private Tensor Layers(int from, int to, Tensor? h, Tensor? first, InputFeatures x, Graph graph, Tensor? edges)
    {
        if (!RunsAgain(from, h)) { return Run(h, first, edges); }
        return Recomputed.Of(BackboneLayers.Take(from..(to + 1)), [h, initial.Count > 0 ? first : null, edges], inputs => Run(inputs[0], inputs[1], inputs[2]));

        Tensor Run(Tensor? h, Tensor? first, Tensor? edges)
        {
            if (initial.Count > 0) { return InitialResidualLayer.Run([.. initial.Take(from..(to + 1))], h!, first!, graph); }
            for (var l = from; l <= to; l++)
            {
                var before = h;
                h = LayerAt(l, h, first, x, graph, edges);
                if (l > from) { before!.Dispose(); }
            }

            return h!;
        }
    }

    private Tensor LayerAt(int l, Tensor? h, Tensor? first, InputFeatures x, Graph graph, Tensor? edges)
    {
        var layer = layers[Math.Min(l, layers.Count - 1)]; // with tied weights the second one goes on
        return h is null ? layer.forward(x, graph, edges, InputDropout) : layer.forward(h, graph, edges);
    }

    private double InputDropout => training ? _spec.InputDropout : 0;

    private (Graph Graph, Tensor? Edges) Thinned(Graph graph, Tensor? edges)
    {
        var (thinned, kept) = GraphDropout.DropEdges(graph, _spec.DropEdge);
        if (_spec.DropNode > 0)
        {
            (thinned, var left) = GraphDropout.DropNodes(thinned, _spec.DropNode);
            kept = [.. left.Select(edge => kept[edge])];
        }

        return (thinned, edges?.index_select(0, tensor(kept, int64, edges.device)));
    }

    private Tensor? Stemmed(InputFeatures x)
    {
        if (stem is null) { return null; }
        var h = x.Times(stem.weight!, InputDropout).add_(stem.bias!); // [N, D]
        return _spec.Backbone is Backbone.Initial or Backbone.Appnp ? nn.functional.relu(h) : h;
    }

    // What the last layer leaves to be done before the prediction.
    private Tensor Finished(Tensor h, Graph graph)
    {
        if (_spec.Backbone is Backbone.Initial or Backbone.Appnp) { return HashDropout.Apply(h, _spec.Dropout, training); }
        if (reversible is null && fixedPoint is null && (_spec.Backbone != Backbone.ResPlus || layers.Count == 0)) { return h; }
        // libtorch's own nodes let go of what they saved once they are done; ours hold a reversible stack's output until the pass is over.
        if (reversible is not null) { return HashDropout.Apply(nn.functional.relu(NodeNormalization.Of(norm, h, graph)), _spec.Dropout, training); }
        return PreActivation.Of(norm, s_relu, h, graph, training && _spec.Dropout > 0 ? HashDropout.Draw(_spec.Dropout) : null);
    }

    // Dropout inside is the stack's: the mask of the forward pass has to be that of the backward pass.
    private GroupCoupling Coupling()
    {
        var width = _spec.HiddenChannels / _spec.Groups;
        return new GroupCoupling([.. Enumerable.Range(0, _spec.Groups).Select(_ => Block(width))]);
    }

    private CouplingBlock Block(int width) =>
        new(Modules.Convolution(_spec with { Dropout = 0 }, width, width, _edgeChannels), Modules.Normalization(_spec.Normalization, width), nn.ReLU());

    private DeepGcnLayer Layer(int index, int inChannels)
    {
        var conv = Modules.Convolution(_spec, inChannels, _spec.HiddenChannels, _edgeChannels);
        if (index == 0 && _spec.Backbone == Backbone.ResPlus) { return new DeepGcnLayer(conv, null, null, Backbone.Plain, 0); }

        var block = index == 0 ? Backbone.Plain : _spec.Backbone;
        return new DeepGcnLayer(conv, Modules.Normalization(_spec.Normalization, _spec.HiddenChannels), nn.ReLU(), block, _spec.Dropout);
    }
}
