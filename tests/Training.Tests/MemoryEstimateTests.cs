using Contracts;

namespace Training.Tests;

public sealed class MemoryEstimateTests
{
    [Theory]
    [InlineData(Convolution.Gcn, Backbone.ResPlus, 14)]
    [InlineData(Convolution.Gen, Backbone.ResPlus, 7)]
    [InlineData(Convolution.Sage, Backbone.Reversible, 14)]
    [InlineData(Convolution.Gat, Backbone.Dense, 4)]
    public void The_estimate_is_within_a_fifth_of_the_peak_of_a_run(Convolution convolution, Backbone backbone, int layers)
    {
        var spec = new RunSpec
        {
            Data = new() { Dataset = "sbm", Sbm = new() { Nodes = 6_000 } },
            Model = new() { Convolution = convolution, Backbone = backbone, Layers = layers, HiddenChannels = 64 },
            Training = new() { Epochs = 2, CheckpointEvery = 0 },
        };
        var (exit, events) = TrainerProgram.Run(spec);
        Assert.Equal(TrainerExit.Finished, exit);

        var peak = events.OfType<EpochEvent>().Max(epoch => epoch.PeakMemoryBytes);
        var estimate = MemoryEstimate.Of(spec, DatasetCatalog.Find("sbm")!.Describe([])).TotalBytes!.Value;
        Assert.InRange((double)estimate / peak, 0.8, 1.2);
    }
}
