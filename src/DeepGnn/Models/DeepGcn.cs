using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>
/// The DeepGCN pipeline for node prediction: stem → backbone of L graph convolutions → fusion → prediction. Features [N, F] and a graph
/// give class scores [N, C].
/// <para>With f(h) = act(norm(conv h)), a plain layer computes h ← dropout(f(h)), <c>res</c> h ← dropout(h + f(h)), <c>dense</c>
/// h ← dropout([h, f(h)]), so that its channels grow by D a layer; <c>res+</c> computes h ← h + conv(dropout(act(norm h))), its first layer
/// is the convolution alone, and norm → act → dropout follows the last one. The first layer of these is plain. <c>initial</c> layers are
/// those of <see cref="InitialResidualLayer"/> on act(stem), with dropout before the prediction. <c>rev</c> layers are a
/// <see cref="ReversibleStack"/> of conv(dropout(act(norm h))) in channel groups, again with norm → act → dropout after the last.</para>
/// <para>Source: Li et al., DeepGCNs, arXiv:1904.03751 (pipeline, residual connection); Li et al., DeeperGCN, arXiv:2006.07739 (res+);
/// Kipf and Welling, arXiv:1609.02907 (stem and prediction as convolutions).</para>
/// </summary>
public sealed class DeepGcn : nn.Module<InputFeatures, Graph, Tensor>
{
    private readonly Linear? stem;
    private readonly ModuleList<DeepGcnLayer> layers = [];
    private readonly ModuleList<InitialResidualLayer> initial = [];
    private readonly ReversibleStack? reversible;
    private readonly nn.Module<Tensor, Tensor>? norm;
    private readonly FusionBlock? fusion;
    private readonly GraphConvolution? prediction;
    private readonly Sequential? head;
    private readonly ModelSpec spec;

    /// <summary>Builds the model with fresh weights from libtorch's generator.</summary>
    /// <param name="spec">A spec without faults (<see cref="RunSpecValidation"/>).</param>
    /// <param name="features">Input features F ≥ 1.</param>
    /// <param name="classes">Classes C ≥ 1.</param>
    public DeepGcn(ModelSpec spec, int features, int classes) : base(nameof(DeepGcn))
    {
        this.spec = spec;
        var width = spec.HiddenChannels;
        if (spec.Stem == Stem.Linear) { stem = nn.Linear(features, width); }

        var count = spec.Layers - (spec.Prediction == Prediction.Convolution ? 1 : 0);
        var outputs = new List<int>(); // channels after each layer: D, or D more with each dense layer
        for (var l = 0; l < count && spec.Backbone != Backbone.Reversible; l++)
        {
            var before = l > 0 ? outputs[^1] : stem is null ? features : width;
            if (spec.Backbone == Backbone.Initial) { initial.Add(new InitialResidualLayer(spec, l + 1)); }
            else { layers.Add(Layer(l, before)); }
            outputs.Add(l > 0 && spec.Backbone == Backbone.Dense ? before + width : width);
        }

        if (spec.Backbone == Backbone.Reversible)
        {
            reversible = new ReversibleStack([.. Enumerable.Range(0, count).Select(_ => Coupling())], spec.Dropout);
        }

        var last = outputs.Count > 0 ? outputs[^1] : width;
        if (spec.Backbone is Backbone.ResPlus or Backbone.Reversible) { norm = Modules.Normalization(spec.Normalization, last); }
        if (spec.Fusion != Fusion.Last) { fusion = new FusionBlock(spec, outputs.Sum()); }

        var fused = fusion?.OutChannels ?? last;
        if (spec.Prediction == Prediction.Convolution) { prediction = Modules.Convolution(spec, fused, classes); }
        else { head = Modules.PredictionMlp(spec, fused, classes); }

        RegisterComponents();
    }

    /// <summary>Parameters before the second convolution: those that the GCN paper's weight decay covers.</summary>
    public IEnumerable<Parameter> FirstLayerParameters()
    {
        var first = initial.Count > 0 ? initial[0].parameters()
            : layers.Count > 0 ? layers[0].parameters()
            : reversible is not null ? []
            : prediction!.parameters();
        return stem is null ? first : stem.parameters().Concat(first);
    }

    /// <summary>Parameters of the backbone's layers, without stem, fusion and prediction.</summary>
    public IEnumerable<Parameter> BackboneParameters() => [.. layers.parameters(), .. initial.parameters(), .. reversible?.parameters() ?? []];

    /// <inheritdoc />
    public override Tensor forward(InputFeatures x, Graph graph)
    {
        using var scope = NewDisposeScope();
        var fused = new List<Tensor>();
        var first = Stemmed(x); // [N, D], null when the first convolution is the stem
        var h = first;
        for (var l = 0; l < layers.Count + initial.Count; l++)
        {
            var before = h;
            h = initial.Count > 0 ? initial[l].forward(h!, first!, graph)
                : h is null ? layers[l].forward(x, graph, InputDropout)
                : layers[l].forward(h, graph); // [N, D]

            // What nothing waits for is let go at once: an evaluation then holds two layers' channels, whatever the depth.
            if (fusion is not null) { fused.Add(h); }
            else if (initial.Count == 0 || l > 0) { before?.Dispose(); }
        }

        if (reversible is not null) { h = reversible.forward(h!, graph); } // [N, D]
        h = Finished(h!);
        if (fusion is not null)
        {
            fused[^1] = h;
            h = fusion.forward(fused); // [N, fused]
        }

        h = prediction is null ? head!.forward(h) : prediction.forward(h, graph); // [N, C]
        return h.MoveToOuterDisposeScope();
    }

    private double InputDropout => training ? spec.InputDropout : 0;

    private Tensor? Stemmed(InputFeatures x)
    {
        if (stem is null) { return null; }
        var h = x.Times(stem.weight!, InputDropout) + stem.bias!; // [N, D]
        return spec.Backbone == Backbone.Initial ? nn.functional.relu(h) : h;
    }

    // What the last layer leaves to be done before the prediction.
    private Tensor Finished(Tensor h)
    {
        if (spec.Backbone == Backbone.Initial) { return nn.functional.dropout(h, spec.Dropout, training); }
        if (reversible is null && (spec.Backbone != Backbone.ResPlus || layers.Count == 0)) { return h; }
        return nn.functional.dropout(nn.functional.relu(norm is null ? h : norm.forward(h)), spec.Dropout, training);
    }

    // Dropout inside is the stack's: the mask of the forward pass has to be that of the backward pass.
    private GroupCoupling Coupling()
    {
        var width = spec.HiddenChannels / spec.Groups;
        return new GroupCoupling(
        [
            .. Enumerable.Range(0, spec.Groups).Select(_ => new CouplingBlock(
                Modules.Convolution(spec with { Dropout = 0 }, width, width), Modules.Normalization(spec.Normalization, width), nn.ReLU())),
        ]);
    }

    private DeepGcnLayer Layer(int index, int inChannels)
    {
        var conv = Modules.Convolution(spec, inChannels, spec.HiddenChannels);
        if (index == 0 && spec.Backbone == Backbone.ResPlus) { return new DeepGcnLayer(conv, null, null, Backbone.Plain, 0); }

        var block = index == 0 ? Backbone.Plain : spec.Backbone;
        return new DeepGcnLayer(conv, Modules.Normalization(spec.Normalization, spec.HiddenChannels), nn.ReLU(), block, spec.Dropout);
    }
}
