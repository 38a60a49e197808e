using DeepGnn.Aggregation;
using DeepGnn.Backbones;
using DeepGnn.Convolutions;
using DeepGnn.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Aggregation;

public sealed class ThreadsAndLifeTests
{
    [Theory]
    [InlineData(Reduction.Sum)]
    [InlineData(Reduction.Mean)]
    [InlineData(Reduction.Max)]
    [InlineData(Reduction.Softmax)]
    [InlineData(Reduction.PowerMean)]
    public void Bits_do_not_depend_on_the_number_of_threads(Reduction reduction)
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        var graph = RandomGraph.Of(3000, 30000, seed: 1);
        random.manual_seed(1);
        var x = randn(3000, 37);

        (byte[] Result, byte[] Gradient, byte[] Parameter) Run(int count)
        {
            set_num_threads(count);
            using var aggregator = new Aggregator(reduction, 1.5, learn: true);
            var leaf = x.detach().clone().requires_grad_();
            var result = aggregator.call(new Messages(leaf, null, Rectified: true, 1e-7), graph);
            (result * result).sum().backward();
            var parameter = aggregator.parameters().SingleOrDefault()?.grad;
            return (result.bytes.ToArray(), leaf.grad!.bytes.ToArray(), parameter is null ? [] : parameter.bytes.ToArray());
        }

        try
        {
            var (one, two) = (Run(1), Run(2));

            Assert.Equal(one.Result, two.Result);
            Assert.Equal(one.Gradient, two.Gradient);
            Assert.Equal(one.Parameter, two.Parameter);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Theory]
    [InlineData(KernelSet.Simd)]
    [InlineData(KernelSet.Torch)]
    public void Live_tensors_stay_flat_over_training_steps(KernelSet kernels)
    {
        using var chosen = Kernels.Use(kernels);
        var graph = RandomGraph.Of(50, 200, seed: 2);
        using var gcn = new GcnConv(8, 8);
        using var gen = new DeepGcnLayer(
            new GenConv(8, 8, new GenConvOptions { LearnT = true, MessageNorm = true }), nn.BatchNorm1d(8), nn.ReLU(), Contracts.Backbone.Res, 0.5);
        using var optimizer = optim.Adam([.. gcn.parameters(), .. gen.parameters()]);
        using var x = randn(50, 8);
        using var weights = rand(200);
        var live = new List<long>();
        for (var step = 0; step < 6; step++)
        {
            using (NewDisposeScope())
            {
                optimizer.zero_grad();
                var loss = gen.call(gcn.forward(gcn.call(x, graph), graph, weights), graph).square().mean();
                loss.backward();
                optimizer.step();
            }

            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        graph.ReleaseTensors();
        Assert.All(live[2..], count => Assert.Equal(live[1], count));
    }

    [Fact]
    public void Graphs_made_anew_in_each_pass_leave_no_tensors()
    {
        using var model = new PointSegmentation(new PointSegmentationOptions
        {
            InChannels = 3, Classes = 2, Channels = 4, Blocks = 3, K = 4, Fusion = 8, Hidden = (8, 8),
        });
        using var x = randn(40, 3);
        var live = new List<long>();
        for (var step = 0; step < 5; step++)
        {
            using (NewDisposeScope())
            {
                model.zero_grad();
                model.call(x, null).square().mean().backward();
            }

            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.All(live[2..], count => Assert.Equal(live[1], count));
    }
}
