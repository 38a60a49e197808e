using Contracts;

namespace Training.Tests;

public sealed class MemorySpecTests
{
    [Theory]
    [InlineData(Backbone.Reversible, 0, Recompute.None, "$.training.anchorEvery", "found 0, needed a number from 1")]
    [InlineData(Backbone.ResPlus, 4, Recompute.None, "$.training.anchorEvery", "found 4 with backbone \"res+\", needed \"rev\"")]
    [InlineData(Backbone.Reversible, null, Recompute.Layer, "$.training.recompute", "found \"layer\" with backbone \"rev\", needed \"none\"")]
    public void What_a_backbone_cannot_keep_is_refused_with_both_values(Backbone backbone, int? anchors, Recompute recompute, string path, string message)
    {
        var fault = Assert.Single(RunSpecValidation.Faults(Spec(backbone, 16, anchors, recompute)));

        Assert.Equal(path, fault.Path);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_that_do_not_divide_the_width_are_refused_with_both_numbers()
    {
        var spec = Spec(Backbone.Reversible, 16, null, Recompute.None);

        var fault = Assert.Single(RunSpecValidation.Faults(spec with { Model = spec.Model with { Groups = 3 } }));

        Assert.Equal(("$.model.groups", "found 3 groups for 64 hidden channels, needed at least 2 that divide them"), (fault.Path, fault.Message));
    }

    [Theory]
    [InlineData(7, null, 0, false)]
    [InlineData(28, null, 0, false)]
    [InlineData(29, null, 0, true)]
    [InlineData(448, 10, 10, false)]
    public void Deep_stacks_carry_double_precision_unless_anchors_are_asked_for(int layers, int? asked, int every, bool isDouble)
    {
        var spec = Spec(Backbone.Reversible, layers, asked, Recompute.None);

        Assert.Equal((every, isDouble), (Recomputation.AnchorEvery(spec), Recomputation.CarriesDouble(spec)));
    }

    [Theory]
    [InlineData(Recompute.None, 0, 0)]
    [InlineData(Recompute.Layer, 48, 1)]
    [InlineData(Recompute.Sqrt, 14, 4)]
    public void Segments_are_none_each_layer_or_about_the_root_of_their_number(Recompute recompute, int most, int longest)
    {
        var segments = Recomputation.Segments(Spec(Backbone.ResPlus, 48, null, recompute));

        Assert.Equal(recompute == Recompute.None ? 0 : 48, segments.Sum());
        Assert.InRange(segments.Count, 0, most);
        Assert.InRange(segments.DefaultIfEmpty(0).Max(), 0, 2 * longest);
        Assert.Equal(segments.OrderDescending(), segments);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_001)]
    public void Segments_need_as_few_rows_as_the_formula_says(int layers)
    {
        var segments = Recomputation.Segments(Spec(Backbone.ResPlus, layers, null, Recompute.Sqrt));

        // GCN keeps 3 rows a layer.
        Assert.InRange(segments.Select((length, j) => j + 1 + (3 * length)).Max(), 0, Math.Sqrt(2 * 3 * layers) + 4);
        Assert.Equal(layers, segments.Sum());
    }

    [Theory]
    [InlineData(1_000_000, 48, 48)]
    [InlineData(700, 25, 44)]
    [InlineData(500, 8, 24)]
    public void A_budget_keeps_the_activations_of_as_many_layers_as_fit_into_it(int mebibytes, int atLeast, int atMost)
    {
        var spec = Budgeted(Backbone.ResPlus, mebibytes);

        Assert.InRange(48 - Recomputation.Segments(spec).Sum(), atLeast, atMost);
        Assert.True(MemoryEstimate.Of(spec)!.TotalBytes <= (long)mebibytes << 20);
        Assert.Empty(RunSpecValidation.FaultsOfPosted(spec));
    }

    [Theory]
    [InlineData(Backbone.ResPlus)]
    [InlineData(Backbone.Reversible)]
    [InlineData(Backbone.Dense)]
    public void A_budget_that_nothing_fits_is_refused_with_both_numbers(Backbone backbone)
    {
        var fault = Assert.Single(RunSpecValidation.FaultsOfPosted(Budgeted(backbone, 100)));

        Assert.Equal("$.training.memoryBudgetMiB", fault.Path);
        Assert.Matches("found 100 MiB .* needs about .* more than 100 MiB", fault.Message);
    }

    private static RunSpec Budgeted(Backbone backbone, int mebibytes) => new()
    {
        Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 10_000, Features = 64 } },
        Model = new() { Convolution = Convolution.Gen, Backbone = backbone, Layers = 48, HiddenChannels = 64 },
        Training = new() { MemoryBudgetMiB = mebibytes },
    };

    private static RunSpec Spec(Backbone backbone, int layers, int? anchors, Recompute recompute) => new()
    {
        Data = new() { Dataset = "karate" },
        Model = new() { Backbone = backbone, Layers = layers },
        Training = new() { AnchorEvery = anchors, Recompute = recompute },
    };
}
