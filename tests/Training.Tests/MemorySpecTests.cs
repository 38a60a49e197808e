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
    [InlineData(Recompute.None, 0)]
    [InlineData(Recompute.Layer, 1)]
    [InlineData(Recompute.Sqrt, 4)]
    public void Segments_are_none_each_layer_or_grow_with_the_root(Recompute recompute, int layers) =>
        Assert.Equal(layers, Recomputation.SegmentLayers(Spec(Backbone.ResPlus, 48, null, recompute)));

    private static RunSpec Spec(Backbone backbone, int layers, int? anchors, Recompute recompute) => new()
    {
        Data = new() { Dataset = "karate" },
        Model = new() { Backbone = backbone, Layers = layers },
        Training = new() { AnchorEvery = anchors, Recompute = recompute },
    };
}
