using DeepGnn.Aggregation;
using DeepGnn.Convolutions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Convolutions;

/// <summary>GENConv as its authors have it.</summary>
public sealed class DeeperGenConvTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sums_have_a_y_that_weights_can_set_learnt_or_not(bool learnt)
    {
        using var scope = NewDisposeScope();
        var graph = RandomGraph.Of(12, 40, seed: 2);
        var x = randn(12, 5);
        DeeperGenConvOptions With(double value) => new() { Sum = true, Y = value, LearnY = learnt };
        using var convolution = new DeeperGenConv(5, 3, With(0));
        using var other = new DeeperGenConv(5, 3, With(1.5));
        var y = convolution.named_parameters().Single(p => p.name == "y").parameter;

        other.load_state_dict(convolution.state_dict().Where(s => s.Key != "y").ToDictionary(s => s.Key, s => s.Value), strict: false);
        using (no_grad()) { y.fill_(1.5); }

        Assert.Equal(learnt, y.requires_grad);
        Assert.Equal(0, (convolution.call(x, graph) - other.call(x, graph)).abs().max().item<float>());
    }
}
