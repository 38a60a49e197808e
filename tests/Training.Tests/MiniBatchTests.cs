using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Models;
using DeepGnn.Runtime;
using DeepGnn.Training;
using Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Training.Tests;

/// <summary>Node classification by mini-batches on a generated graph of 5 blocks.</summary>
public sealed class MiniBatchTests(ITestOutputHelper output)
{
    private static readonly NodeDataset Blocks = NodeDatasets.Load(Spec(SamplingMethod.Full).Data, []);
    private static readonly Lazy<double> WholeGraph = new(() => Best(Spec(SamplingMethod.Full), Blocks));

    public static TheoryData<SamplingMethod> Samplers() => [SamplingMethod.RandomParts, SamplingMethod.Clusters, SamplingMethod.Neighbors];

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Training_by_mini_batches_comes_close_to_the_whole_graph(SamplingMethod method)
    {
        var whole = WholeGraph.Value;
        var sampled = Best(Spec(method), Blocks);

        Assert.InRange(whole, 0.85, 1);
        output.WriteLine(FormattableString.Invariant($"{method}: {sampled:0.000}, whole graph {whole:0.000}"));
        Assert.InRange(sampled, whole - 0.05, 1);
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Several_labels_a_node_are_learnt_by_mini_batches(SamplingMethod method)
    {
        Assert.InRange(Best(Spec(method), MultiLabel()), 0.85, 1);
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void A_resumed_training_equals_an_undisturbed_one_bit_for_bit(SamplingMethod method)
    {
        using var folder = TestFolders.NewTemporary();
        var spec = Spec(method);
        using var undisturbed = Loop(spec, Blocks);
        Run(undisturbed, 3);
        undisturbed.Save(folder.File("3.ckpt"));
        Run(undisturbed, 3);

        using var resumed = Loop(spec with { Seed = spec.Seed }, Blocks);
        resumed.Resume(folder.File("3.ckpt"));
        Run(resumed, 3);

        Assert.Equal(undisturbed.WeightsSha256(), resumed.WeightsSha256());
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Batches_of_an_epoch_hold_each_train_node_once_and_epochs_differ(SamplingMethod method)
    {
        TorchRuntime.Start(seed: 1);
        var spec = Spec(method);
        using var task = new NodeTask(spec, Blocks, CPU);

        var (first, again, second) = (Counts(1), Counts(1), Counts(2));

        Assert.Equal(100, first.Sum(batch => batch.Targets));
        Assert.Equal(first, again);
        Assert.NotEqual(first, second);
        Assert.InRange(first.Count, 2, task.Describe().BatchesPerEpoch);

        List<(long Targets, long Rows, double Scores)> Counts(int epoch)
        {
            var counts = new List<(long, long, double)>();
            foreach (var batch in task.Batches(epoch))
            {
                using var scope = NewDisposeScope();
                using var frozen = no_grad();
                using var owned = batch;
                task.Model.eval();
                counts.Add((batch.Targets.shape[0], batch.Rows, batch.Scores().sum().ToDouble()));
            }

            return counts;
        }
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Evaluation_is_that_of_the_whole_graph(SamplingMethod method)
    {
        using var trained = Loop(Spec(method), Blocks);
        Run(trained, 2);
        using var whole = new NodeTask(Spec(SamplingMethod.Full), Blocks, CPU);
        whole.Model.load_state_dict(trained.Task.Model.state_dict());

        var (expected, found) = (Scores(whole), Scores(trained.Task));

        Assert.Equal(2_000, found.shape[0]);
        Assert.InRange((expected - found).abs().max().item<float>(), 0, 1e-5f * expected.abs().max().item<float>());
    }

    [Theory]
    [InlineData(Convolution.Gen)]
    [InlineData(Convolution.Gatv2)]
    public void One_part_with_edge_features_trains_as_the_whole_graph_does(Convolution convolution)
    {
        var data = Blocks with { EdgeFeatures = Numbers(Blocks.Graph.EdgeCount, 3) };
        var whole = Spec(SamplingMethod.Full);
        whole = whole with { Model = whole.Model with { Convolution = convolution, EdgeFeatures = true, Dropout = 0, Layers = 3 } };
        var onePart = whole with { Training = whole.Training with { Sampling = new() { Method = SamplingMethod.RandomParts, Parts = 1 } } };

        var (expected, found) = (Losses(whole), Losses(onePart));

        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 4));
        Assert.NotEqual(expected[0], Losses(whole with { Model = whole.Model with { EdgeFeatures = false } })[0], 4);

        double[] Losses(RunSpec spec)
        {
            using var loop = Loop(spec, data);
            return [loop.RunEpoch().TrainLoss, loop.RunEpoch().TrainLoss, loop.RunEpoch().TrainLoss];
        }
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void Live_tensors_stay_level_from_epoch_to_epoch(SamplingMethod method)
    {
        using var loop = Loop(Spec(method), Blocks);
        Run(loop, 2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run(loop, 3);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Training_by_mini_batches_needs_less_memory_than_on_the_whole_graph()
    {
        var (whole, sampled) = (Peak(SamplingMethod.Full), Peak(SamplingMethod.RandomParts));

        output.WriteLine($"above the process's base: whole graph {whole >> 20} MiB, random parts {sampled >> 20} MiB");
        Assert.True(sampled < 0.6 * whole, $"{sampled} of {whole} bytes");

        static long Peak(SamplingMethod method)
        {
            var spec = Spec(method);
            var (_, events) = TrainerProgram.Run(spec with
            {
                Data = spec.Data with { Sbm = new() { Nodes = 6_000, Classes = 5, DegreeWithin = 10, DegreeBetween = 2 } },
                Model = spec.Model with { Layers = 12, HiddenChannels = 64 },
                Training = spec.Training with { Epochs = 2, CheckpointEvery = 0 },
            });
            return events.OfType<FinishedEvent>().Single().PeakMemoryBytes - events.OfType<StartedEvent>().Single().BaseMemoryBytes;
        }
    }

    [Fact]
    public void Evaluation_in_chunks_needs_less_memory_than_all_at_once()
    {
        const int nodes = 20_000;
        TorchRuntime.Start(seed: 1);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = new DeepGcn(Spec(SamplingMethod.Full).Model with { HiddenChannels = 128 }, 8, 5);
        model.eval();
        Assert.True(TorchAllocator.Install());
        Peak(Band(500)); // compiles everything

        var inChunks = Peak(Band(nodes).InChunks(nodes / 8));
        var whole = Peak(Band(nodes));

        output.WriteLine($"{nodes} rows of 128 channels are 9.8 MiB; in 8 chunks {inChunks >> 20} MiB, all at once {whole >> 20} MiB");
        Assert.True(inChunks < 0.7 * whole, $"{inChunks} of {whole} bytes");

        long Peak(Graph graph)
        {
            var values = Numbers(graph.NodeCount, 8).Values;
            using var x = new InputFeatures(FeatureMatrix.FromDense(graph.NodeCount, 8, values), CPU);
            Garbage.Collect();
            TorchAllocator.Cache.Release();
            var before = TorchAllocator.Cache.InUse;
            model.forward(x, graph).Dispose();
            return TorchAllocator.Cache.MostInUse - before;
        }

        // Each node and its ten nearest by index: a chunk has few sources outside it.
        static Graph Band(int count)
        {
            var edges = Enumerable.Range(0, count).SelectMany(i => Enumerable.Range(-5, 11).Select(step => (From: i + step, To: i)))
                .Where(edge => edge.From != edge.To && edge.From >= 0 && edge.From < count).ToList();
            return new(count, [.. edges.Select(edge => edge.From)], [.. edges.Select(edge => edge.To)]);
        }
    }

    [Fact]
    public void The_started_event_tells_batches_and_the_share_of_edges_kept()
    {
        var random = Started(SamplingMethod.RandomParts);
        var clusters = Started(SamplingMethod.Clusters);
        var neighbors = Started(SamplingMethod.Neighbors);

        Assert.Equal((4, 4, 4), (random.BatchesPerEpoch, clusters.BatchesPerEpoch, neighbors.BatchesPerEpoch));
        Assert.InRange(random.KeptEdgeShare!.Value, 0.2, 0.3);
        Assert.InRange(clusters.KeptEdgeShare!.Value, 0.5, 1);
        Assert.Null(neighbors.KeptEdgeShare);
        Assert.Equal((1, 1.0), (Started(SamplingMethod.Full).BatchesPerEpoch, Started(SamplingMethod.Full).KeptEdgeShare));

        static StartedEvent Started(SamplingMethod method)
        {
            TorchRuntime.Start(seed: 1);
            using var task = new NodeTask(Spec(method), Blocks, CPU);
            return task.Describe();
        }
    }

    [Theory]
    [InlineData(SamplingMethod.RandomParts)]
    [InlineData(SamplingMethod.Clusters)]
    public void More_parts_than_nodes_are_refused_with_both_numbers(SamplingMethod method)
    {
        TorchRuntime.Start(seed: 1);
        var spec = Spec(method);
        spec = spec with { Training = spec.Training with { Sampling = spec.Training.Sampling with { Parts = 2_001 } } };

        var refused = Assert.Throws<DataSpecException>(() => new NodeTask(spec, Blocks, CPU));

        Assert.Contains("$.training.sampling.parts", refused.Message, StringComparison.Ordinal);
        Assert.Contains("found 2001 parts for 2000 nodes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sampling_that_cannot_be_is_a_fault_of_the_spec_with_its_path()
    {
        AssertFault(new() { Parts = 4, PartsPerBatch = 5 }, "$.training.sampling.partsPerBatch", "found 5 of 4 parts");
        AssertFault(new() { Parts = 0, PartsPerBatch = 0 }, "$.training.sampling.parts", "found 0");
        AssertFault(new() { BatchSize = -1 }, "$.training.sampling.batchSize", "found -1");
        AssertFault(new() { Fanouts = [] }, "$.training.sampling.fanouts", "found 0 hops");
        AssertFault(new() { Fanouts = [5, 0] }, "$.training.sampling.fanouts[1]", "found 0");

        static void AssertFault(SamplingSpec sampling, string path, string found)
        {
            var spec = Spec(SamplingMethod.Full);
            var faults = RunSpecValidation.Faults(spec with { Training = spec.Training with { Sampling = sampling } });
            Assert.Contains(faults, fault => fault.Path == path && fault.Message.Contains(found, StringComparison.Ordinal));
        }
    }

    private static RunSpec Spec(SamplingMethod method) => new()
    {
        Seed = 3,
        Data = new() { Dataset = "sbm", RowNormalize = false, Sbm = new() { Nodes = 2_000, Classes = 5, DegreeWithin = 10, DegreeBetween = 2, Separation = 3 } },
        Model = new() { Convolution = Convolution.Gen, Backbone = Backbone.ResPlus, Layers = 4, HiddenChannels = 16, Dropout = 0.2 },
        Training = new()
        {
            Epochs = 30,
            Sampling = new() { Method = method, Parts = 8, PartsPerBatch = 2, BatchSize = 25, Fanouts = [8, 8] },
        },
    };

    private static TrainingLoop Loop(RunSpec spec, NodeDataset data)
    {
        Assert.Empty(RunSpecValidation.Faults(spec));
        TorchRuntime.Start(spec.Seed);
        return new(spec, new NodeTask(spec, data, CPU), CPU);
    }

    private static void Run(TrainingLoop loop, int epochs)
    {
        for (var i = 0; i < epochs; i++) { loop.RunEpoch(); }
    }

    private static double Best(RunSpec spec, NodeDataset data)
    {
        using var loop = Loop(spec, data);
        while (!loop.IsFinished) { loop.RunEpoch(); }
        return loop.Progress.TestMetric;
    }

    private static Tensor Scores(LearningTask task)
    {
        using var frozen = no_grad();
        task.Model.eval();
        var scores = new List<Tensor>();
        task.Evaluate(samples => scores.Add(samples.Scores.clone().MoveToOuterDisposeScope()));
        return cat([.. scores]);
    }

    // Label 0: the first three blocks; label 1: blocks of even number.
    private static NodeDataset MultiLabel() => Blocks with
    {
        Labels = [],
        Targets = new LabelMatrix(2_000, 2, [.. Blocks.Labels.SelectMany(label => new[] { (byte)(label < 3 ? 1 : 0), (byte)((label + 1) % 2) })]),
        ClassCount = 2,
        Metric = Metric.MicroF1,
    };

    private static DenseMatrix Numbers(int rows, int columns)
    {
        var random = new Random(5);
        return new(rows, columns, [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle())]);
    }
}
