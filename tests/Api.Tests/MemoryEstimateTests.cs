using Contracts;

namespace Api.Tests;

public sealed class MemoryEstimateTests
{
    private const long MiB = 1 << 20;

    private static readonly DatasetInfo Sbm = Info("sbm", null, null, null, null);

    // Measured: the highest peakMemoryBytes of three epochs of the Trainer program on 20,000 nodes with 198,562 directed edges and 16 features.
    [Theory]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, 3, 281)]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, 9, 400)]
    [InlineData(Convolution.Gcn, Backbone.Res, 9, 400)]
    [InlineData(Convolution.Gcn, Backbone.Plain, 9, 395)]
    [InlineData(Convolution.Gcn, Backbone.Dense, 3, 324)]
    [InlineData(Convolution.Gcn, Backbone.Dense, 9, 812)]
    [InlineData(Convolution.Gcn, Backbone.Reversible, 3, 265)]
    [InlineData(Convolution.Gcn, Backbone.Reversible, 9, 272)]
    [InlineData(Convolution.Gcn, Backbone.Initial, 9, 410)]
    [InlineData(Convolution.Gen, Backbone.ResPlus, 3, 363)]
    [InlineData(Convolution.Gen, Backbone.ResPlus, 9, 644)]
    [InlineData(Convolution.Sage, Backbone.ResPlus, 9, 444)]
    [InlineData(Convolution.Graph, Backbone.ResPlus, 9, 444)]
    [InlineData(Convolution.Gin, Backbone.ResPlus, 9, 488)]
    [InlineData(Convolution.Gat, Backbone.ResPlus, 9, 476)]
    [InlineData(Convolution.Gatv2, Backbone.ResPlus, 9, 519)]
    [InlineData(Convolution.Edge, Backbone.ResPlus, 9, 493)]
    [InlineData(Convolution.Mr, Backbone.ResPlus, 9, 537)]
    public void The_estimate_is_within_a_tenth_of_what_was_measured(Convolution convolution, Backbone backbone, int layers, long mebibytes)
    {
        var estimate = MemoryEstimate.Of(Spec(new() { Convolution = convolution, Backbone = backbone, Layers = layers, HiddenChannels = 64, Dropout = 0.5 }), Sbm);
        Assert.InRange(estimate.TotalBytes!.Value / MiB, mebibytes * 0.9, mebibytes * 1.1);
    }

    [Fact]
    public void Activations_grow_with_depth_but_for_the_reversible_backbone_and_parameters_are_exact_for_GCN()
    {
        long Activations(Backbone backbone, int layers) => MemoryEstimate.Of(Spec(new() { Backbone = backbone, Layers = layers }), Sbm).ActivationBytes;
        Assert.InRange((double)Activations(Backbone.ResPlus, 112) / Activations(Backbone.ResPlus, 56), 1.9, 2.1);
        Assert.Equal(Activations(Backbone.Reversible, 56), Activations(Backbone.Reversible, 112));
        var plain = MemoryEstimate.Of(Spec(new() { Normalization = Normalization.Layer, Layers = 9 }), Sbm);
        Assert.InRange(plain.ParameterBytes / 4, 40_005 * 0.95, 40_005 * 1.05);
        Assert.Equal(3 * plain.ParameterBytes, plain.OptimizerBytes); // two moments, and the best weights
    }

    [Fact]
    public void A_deep_residual_model_is_told_that_the_reversible_one_needs_much_less()
    {
        Assert.Contains("reversible backbone would need about", MemoryEstimate.Of(Spec(new() { Backbone = Backbone.ResPlus, Layers = 112 }), Sbm).Advice, StringComparison.Ordinal);
        Assert.Null(MemoryEstimate.Of(Spec(new() { Backbone = Backbone.ResPlus, Layers = 3 }), Sbm).Advice);
        Assert.Null(MemoryEstimate.Of(Spec(new() { Backbone = Backbone.Reversible, Layers = 112 }), Sbm).Advice);
    }

    [Fact]
    public void What_the_catalogue_does_not_count_is_assumed_and_told_or_leaves_no_total()
    {
        var spec = Spec(new());
        var edgeless = MemoryEstimate.Of(spec, Info("ogbn-arxiv", 169_343, null, 128, 40));
        Assert.Equal((169_343L, 3_386_860L, "not in the catalogue, assumed: 20 edges a node"), (edgeless.Nodes!.Value, edgeless.Edges!.Value, edgeless.Assumed!));
        Assert.NotNull(edgeless.TotalBytes);

        var own = MemoryEstimate.Of(spec, Info("own/mine", null, null, null, null));
        Assert.Null(own.TotalBytes);
        Assert.Contains("found no number of nodes for \"own/mine\"", own.Unknown, StringComparison.Ordinal);
        var clouds = MemoryEstimate.Of(spec, Info("rooms", 122_880, null, 3, 7) with { Task = DatasetTasks.PointCloudSegmentation });
        Assert.Null(clouds.TotalBytes);
        Assert.Contains("others are not estimated yet", clouds.Unknown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_needs_less_than_the_whole_graph()
    {
        long Total(SamplingSpec sampling) => MemoryEstimate.Of(Spec(new() { Layers = 28 }, new() { Sampling = sampling }), Sbm).TotalBytes!.Value;
        var whole = Total(new());
        Assert.InRange(Total(new() { Method = SamplingMethod.RandomParts }), 0, whole / 2);
        Assert.InRange(Total(new() { Method = SamplingMethod.Clusters }), 0, whole / 2);
        Assert.InRange(Total(new() { Method = SamplingMethod.Neighbors, BatchSize = 256, Fanouts = [4, 4] }), 0, whole);
    }

    private static RunSpec Spec(ModelSpec model, TrainingSpec? training = null) => new()
    {
        Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 20_000 } }, Model = model, Training = training ?? new(),
    };

    private static DatasetInfo Info(string name, int? nodes, long? edges, int? features, int? classes) => new()
    {
        Name = name, Title = name, Task = DatasetTasks.NodeClassification, Source = "", Nodes = nodes, Edges = edges, Features = features, Classes = classes,
    };
}
