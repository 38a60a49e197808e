using Contracts;

namespace Api.Tests;

public sealed class MemoryEstimateTests
{
    private const long MiB = 1 << 20;

    private static readonly DatasetInfo Sbm = Info("sbm", null, null, null, null);

    // Measured: the highest peakMemoryBytes of the first epoch of the Trainer program on 8,000 nodes of degree 10 with 16 features.
    [Theory]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, Normalization.Layer, 4, 207)]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, Normalization.Layer, 20, 279)]
    [InlineData(Convolution.Gcn, Backbone.Res, Normalization.Layer, 20, 280)]
    [InlineData(Convolution.Gcn, Backbone.Plain, Normalization.Layer, 20, 277)]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, Normalization.None, 20, 276)]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, Normalization.Batch, 20, 318)]
    [InlineData(Convolution.Gcn, Backbone.Plain, Normalization.Batch, 20, 318)]
    [InlineData(Convolution.Graph, Backbone.ResPlus, Normalization.Layer, 20, 313)]
    [InlineData(Convolution.Gin, Backbone.ResPlus, Normalization.Layer, 20, 356)]
    [InlineData(Convolution.Gat, Backbone.ResPlus, Normalization.Layer, 20, 344)]
    [InlineData(Convolution.Gatv2, Backbone.ResPlus, Normalization.Layer, 20, 377)]
    [InlineData(Convolution.Edge, Backbone.ResPlus, Normalization.Layer, 20, 289)]
    [InlineData(Convolution.Mr, Backbone.ResPlus, Normalization.Layer, 20, 396)]
    public void The_estimate_is_within_a_tenth_of_what_was_measured(Convolution convolution, Backbone backbone, Normalization normalization, int layers, long mebibytes)
    {
        var model = new ModelSpec { Convolution = convolution, Backbone = backbone, Normalization = normalization, Layers = layers, HiddenChannels = 64, Dropout = 0.5 };
        var estimate = MemoryEstimate.Of(Spec(model) with { Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 8_000 } } }, Sbm);
        Assert.InRange(estimate.TotalBytes!.Value / MiB, mebibytes * 0.9, mebibytes * 1.1);
    }

    // Measured as above, on 20,000 nodes of degree 10 with 512 features: 247 MiB in the first step, 289 MiB while the data were loaded.
    [Fact]
    public void Loading_counts_where_it_takes_more_than_the_training()
    {
        MemoryEstimate Of(int layers) => MemoryEstimate.Of(
            Spec(new() { Layers = layers, HiddenChannels = 64 }) with { Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 20_000, Features = 512 } } }, Sbm);
        Assert.True(Of(2).PeaksAtLoading);
        Assert.Equal(Of(2).ProcessBytes + Of(2).LoadingBytes, Of(2).TotalBytes);
        Assert.False(Of(28).PeaksAtLoading);
        Assert.True(Of(28).TotalBytes > Of(2).TotalBytes);

        SamplingSpec clusters = new() { Method = SamplingMethod.Clusters };
        Assert.True(MemoryEstimate.Of(Spec(new(), new() { Sampling = clusters }), Sbm).LoadingBytes > MemoryEstimate.Of(Spec(new()), Sbm).LoadingBytes);
    }

    [Fact]
    public void Activations_grow_with_depth_but_for_the_reversible_backbone_and_parameters_are_exact_for_GCN()
    {
        long Activations(Backbone backbone, int layers) => MemoryEstimate.Of(Spec(new() { Backbone = backbone, Layers = layers }, new() { AnchorEvery = backbone == Backbone.Reversible ? 112 : null }), Sbm).ActivationBytes;
        Assert.InRange((double)Activations(Backbone.ResPlus, 112) / Activations(Backbone.ResPlus, 56), 1.9, 2.1);
        Assert.Equal(Activations(Backbone.Reversible, 56), Activations(Backbone.Reversible, 112));
        var plain = MemoryEstimate.Of(Spec(new() { Normalization = Normalization.Layer, Layers = 9 }), Sbm);
        Assert.InRange(plain.ParameterBytes / 4, 40_005 * 0.95, 40_005 * 1.05);
        Assert.Equal(3 * plain.ParameterBytes, plain.OptimizerBytes); // two moments, and the best weights
    }

    [Fact]
    public void A_deep_residual_model_is_told_what_needs_much_less()
    {
        Assert.Contains("recomputation would need about", MemoryEstimate.Of(Spec(new() { Backbone = Backbone.ResPlus, Layers = 112 }), Sbm).Advice, StringComparison.Ordinal);
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
    }

    [Fact]
    public void A_batch_needs_less_than_the_whole_graph()
    {
        long Total(SamplingSpec sampling) => MemoryEstimate.Of(Spec(new() { Layers = 28 }, new() { Sampling = sampling }), Sbm).TotalBytes!.Value;
        var whole = Total(new());
        Assert.InRange(Total(new() { Method = SamplingMethod.RandomParts }), 0, whole * 2 / 3);
        Assert.InRange(Total(new() { Method = SamplingMethod.Clusters }), 0, whole * 2 / 3);
        Assert.InRange(Total(new() { Method = SamplingMethod.Neighbors, BatchSize = 256, Fanouts = [4, 4] }), 0, whole);
    }

    [Fact]
    public void Every_set_of_the_catalogue_whose_size_is_known_is_estimated_and_larger_batches_need_more()
    {
        foreach (var entry in DatasetCatalog.Entries.Where(entry => entry.Nodes is not null))
        {
            var cloud = entry.Task is DatasetTasks.PointCloudSegmentation or DatasetTasks.PointCloudClassification;
            var model = new ModelSpec { Convolution = cloud ? Convolution.Edge : Convolution.Gcn, Backbone = Backbone.Res, Layers = 7 };
            long Total(int batch) => MemoryEstimate.Of(
                new() { Data = new() { Dataset = entry.Name }, Model = model, Training = new() { Sampling = new() { BatchSize = batch } } }, entry.Describe([])).TotalBytes!.Value;
            Assert.InRange(Total(0), MemoryEstimate.ProcessBase, 1L << 40);
            if (cloud || entry.Task == DatasetTasks.GraphClassification) { Assert.True(Total(64) > Total(2), entry.Name); }
        }
    }

    [Fact]
    public void Recomputation_and_anchors_are_counted()
    {
        long Activations(ModelSpec model, TrainingSpec training) => MemoryEstimate.Of(Spec(model, training), Sbm).ActivationBytes;
        var deep = new ModelSpec { Layers = 64 };
        var (all, root, each) = (Activations(deep, new()), Activations(deep, new() { Recompute = Recompute.Sqrt }), Activations(deep, new() { Recompute = Recompute.Layer }));
        Assert.InRange(root, 0, all / 3);
        Assert.InRange(each, root, all * 2 / 3);

        var reversible = deep with { Backbone = Backbone.Reversible };
        var row = 20_000L * 64 * 4;
        Assert.Equal(row * 7, Activations(reversible, new() { AnchorEvery = 8 }) - Activations(reversible, new() { AnchorEvery = 64 }));
    }

    [Theory]
    [InlineData(Backbone.ResPlus, Recompute.None, "recomputation", "training.recompute=sqrt")]
    [InlineData(Backbone.ResPlus, Recompute.Sqrt, "the reversible backbone", "model.backbone=rev")]
    [InlineData(Backbone.Reversible, Recompute.None, "smaller batches", "training.sampling.method=randomParts")]
    public void Advice_changes_the_training_as_little_as_it_can(Backbone backbone, Recompute recompute, string change, string setting)
    {
        var first = MemoryEstimate.Of(Spec(new() { Backbone = backbone, Layers = 112 }, new() { Recompute = recompute }), Sbm).Alternatives[0];
        Assert.Equal(change, first.Change);
        Assert.Contains(setting, first.Settings);
    }

    [Fact]
    public void A_budget_is_compared_with_both_numbers()
    {
        var estimate = MemoryEstimate.Of(Spec(new() { Backbone = Backbone.ResPlus, Layers = 112 }), Sbm);
        Assert.Contains($"needs about {MemoryEstimate.Text(estimate.TotalBytes!.Value)}, more than 400 MiB; fits with ", MemoryAdvice.Text(estimate, 400 * MiB), StringComparison.Ordinal);
        Assert.Contains("nothing that was tried fits, least needs ", MemoryAdvice.Text(estimate, 100 * MiB), StringComparison.Ordinal);
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
