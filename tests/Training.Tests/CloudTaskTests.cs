using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Runtime;
using DeepGnn.Training;
using Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Training.Tests;

public sealed class CloudTaskTests
{
    private static readonly PointCloudDataset Rooms = IndoorRooms.Make(new() { Rooms = 5, Points = 1_024 });
    private static readonly PointCloudDataset Shapes = MakeShapes();

    [Fact]
    public void Segmentation_of_rooms_is_learnt_to_a_floor()
    {
        // Few rooms have few colours, which would be learnt in place of shapes: more rooms, fewer points of each.
        using var loop = Loop(WithSampling(SegmentationSpec, sampling => sampling with { Points = 512 }), IndoorRooms.Make(new() { Rooms = 30, Points = 512 }));
        var last = Train(loop, 14);

        var found = loop.Progress;
        Assert.True(found.TestMetric > 0.26, $"found a mean IoU of {found.TestMetric} in rooms not seen, needed 0.26");
        Assert.True(found.BestMetrics!["test.accuracy"] > 0.65, $"found an accuracy of {found.BestMetrics!["test.accuracy"]}, needed 0.65");
        Assert.Equal(last.ValidMetric, Rooms.ClassNames.Average(name => last.Metrics![$"valid.iou.{name}"]), 1e-9);
        Assert.Equal(last.TestMetric, last.Metrics!["test.meanIou"]);
    }

    [Fact]
    public void Shapes_are_told_apart_to_a_floor()
    {
        using var loop = Loop(ClassificationSpec, Shapes);
        Train(loop, 15);

        Assert.True(loop.Progress.BestValidMetric > 0.8, $"found an accuracy of {loop.Progress.BestValidMetric} for shapes not seen, needed 0.8");
        Assert.Equal(["accuracy", "meanAccuracy"], loop.Task.MetricNames);
        Assert.Equal("cloud", loop.Task.Describe().Unit);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_resumed_training_equals_an_undisturbed_one_bit_for_bit(bool segmentation)
    {
        using var folder = TestFolders.NewTemporary();
        var (spec, data) = segmentation ? (SegmentationSpec, Rooms) : (ClassificationSpec, Shapes);
        spec = spec with { Model = spec.Model with { Neighborhood = new() { K = 4, Epsilon = 0.5 }, Dropout = 0.3 } };

        string expected;
        using (var loop = Loop(spec, data))
        {
            Train(loop, 2);
            loop.Save(folder.File("two"));
            Train(loop, 2);
            expected = loop.WeightsSha256();
        }

        using var resumed = Loop(spec with { }, data);
        resumed.Resume(folder.File("two"));
        Train(resumed, 2);
        Assert.Equal(expected, resumed.WeightsSha256());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_observer_sees_each_sample_of_each_split_once(bool segmentation)
    {
        var (spec, data) = segmentation ? (SegmentationSpec, Rooms) : (ClassificationSpec, Shapes);
        TorchRuntime.Start(1);
        using var scope = NewDisposeScope();
        using var constant = no_grad();
        using var task = new CloudTask(spec, data, CPU);
        task.Model.eval();
        var seen = new List<(string Split, int Sample, long Label)>();
        var right = 0L;

        var figures = task.Evaluate(part =>
        {
            seen.AddRange(part.Samples.Zip(part.Targets.data<long>()).Select(pair => (part.Split, pair.First, pair.Second)));
            if (part.Split == "valid") { right += part.Scores.argmax(1).eq(part.Targets).sum().ToInt64(); }
        });

        int[] labels = [.. data.Clouds.SelectMany(cloud => segmentation ? cloud.PointLabels! : [cloud.Label!.Value])];
        Assert.Equal(Enumerable.Range(0, labels.Length), seen.Select(s => s.Sample).Order());
        Assert.All(seen, s => Assert.Equal(labels[s.Sample], s.Label));
        var each = segmentation ? 1_024 : 1;
        Assert.All(data.Splits[0].Valid, cloud => Assert.Equal(each, seen.Count(s => s.Split == "valid" && s.Sample / each == cloud)));
        Assert.Equal((double)right / seen.Count(s => s.Split == "valid"), figures.Valid.Further["accuracy"], 1e-9);
        Assert.All(new[] { figures.Train, figures.Valid, figures.Test }, score => Assert.True(double.IsFinite(score.Loss)));
    }

    [Fact]
    public void Batches_depend_on_seed_and_epoch_alone()
    {
        List<long> Targets(int seed, int epoch)
        {
            using var task = new CloudTask(SegmentationSpec with { Seed = seed }, Rooms, CPU);
            var targets = new List<long>();
            foreach (var batch in task.Batches(epoch))
            {
                using (batch) { targets.AddRange(batch.Targets.data<long>().ToArray()); }
            }

            return targets;
        }

        Assert.Equal(Targets(3, 5), Targets(3, 5));
        Assert.NotEqual(Targets(3, 5), Targets(3, 6));
        Assert.NotEqual(Targets(3, 5), Targets(4, 5));
        Assert.Equal(3 * 1_024, Targets(3, 1).Count); // as many points as the train rooms have
    }

    [Fact]
    public void No_batch_of_clouds_is_left_with_a_single_one()
    {
        // 60 train clouds in batches of at most 59.
        using var task = new CloudTask(WithSampling(ClassificationSpec, sampling => sampling with { BatchSize = 59 }), Shapes, CPU);
        var sizes = new List<long>();
        foreach (var batch in task.Batches(1))
        {
            using (batch) { sizes.Add(batch.Targets.shape[0]); }
        }

        Assert.Equal([30, 30], sizes);
    }

    [Fact]
    public void Live_tensors_do_not_grow_with_the_epochs()
    {
        using var loop = Loop(SegmentationSpec, Rooms);
        Train(loop, 2);
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Train(loop, 2);
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData("""{"convolution":"gcn"}""", "{}", "$.model.convolution: found \"gcn\" for point-cloud segmentation, needed \"edge\", \"mr\", \"sage\" or \"gin\"")]
    [InlineData("""{"backbone":"res+"}""", "{}", "$.model.backbone: found \"res+\"")]
    [InlineData("""{"normalization":"pair"}""", "{}", "$.model.normalization: found \"pair\"")]
    [InlineData("""{"predictionHidden":[8]}""", "{}", "$.model.predictionHidden: found 1 layers for point-cloud segmentation, needed 2")]
    [InlineData("""{"fusionChannels":0}""", "{}", "$.model.fusionChannels: found 0")]
    [InlineData("""{"layers":28}""", """{"points":400}""", "$.model.neighborhood.k: found 432 nearest points")]
    public void A_spec_that_no_cloud_model_fits_is_refused(string model, string sampling, string message)
    {
        var given = System.Text.Json.Nodes.JsonNode.Parse(model)!.AsObject();
        given.TryAdd("convolution", "edge");
        given.TryAdd("backbone", "res");
        var spec = $$$"""{"data":{"dataset":"rooms"},"model":{{{given.ToJsonString()}}},"training":{"sampling":{{{sampling}}} } }""";
        var (exit, events) = TrainerProgram.Run(spec);
        Assert.Equal(TrainerExit.User, exit);
        Assert.StartsWith(message, Assert.IsType<FailedEvent>(Assert.Single(events)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rooms_train_through_the_program_and_leave_weights_and_predictions()
    {
        using var folder = TestFolders.NewTemporary();
        var spec = WithSampling(SegmentationSpec, sampling => sampling with { Points = 512, BlocksPerEpoch = 4 });
        spec = spec with { Training = spec.Training with { Epochs = 1, SavePredictions = true } };
        var (exit, events) = TrainerProgram.Run(spec, "--artifacts", folder.Path);

        Assert.Equal(TrainerExit.Finished, exit);
        var started = Assert.IsType<StartedEvent>(events[0]);
        Assert.Equal(("point", 30, 9, 122_880, 2, "meanIou"), (started.Unit, started.Graphs, started.Features, started.Nodes, started.BatchesPerEpoch, started.Metric));
        Assert.Contains("test.iou.bookcase", Assert.Single(events.OfType<EpochEvent>()).Metrics!.Keys);
        Assert.Equal(122_880 + 1, File.ReadLines(folder.File("predictions.csv")).Count());
        Assert.True(File.Exists(folder.File("model.safetensors")));
    }

    [Fact]
    public void Every_recipe_fits_its_task()
    {
        var recipes = Directory.GetFiles(Path.Combine(TestFolders.Repository, "recipes"), "*.json");
        Assert.NotEmpty(recipes);
        Assert.All(recipes, path =>
        {
            var spec = System.Text.Json.JsonSerializer.Deserialize<RunSpec>(File.ReadAllText(path), ContractJson.Options)!;
            Assert.Equal((path, ""), (path, string.Join("; ", RunSpecValidation.Faults(spec).Select(fault => $"{fault.Path}: {fault.Message}"))));
        });
    }

    private static RunSpec SegmentationSpec => new()
    {
        Seed = 2,
        Data = new() { Dataset = "rooms" },
        Model = Small(Convolution.Mr),
        Training = new()
        {
            Epochs = 100, LearningRate = 0.01, WeightDecay = 0, Sampling = new() { Points = 256, BatchSize = 2, Augment = true },
        },
    };

    private static RunSpec ClassificationSpec => new()
    {
        Seed = 2,
        Data = new() { Dataset = "modelnet40" },
        Model = Small(Convolution.Edge),
        Training = new() { Epochs = 100, LearningRate = 0.01, WeightDecay = 0, Sampling = new() { Points = 64, BatchSize = 6, Augment = true } },
    };

    private static ModelSpec Small(Convolution convolution) => new()
    {
        Convolution = convolution, Backbone = Backbone.Res, Layers = 4, HiddenChannels = 16, Normalization = Normalization.Batch, Dropout = 0.1,
        FusionChannels = 64, PredictionHidden = [32, 16], Neighborhood = new() { K = 8 },
    };

    private static RunSpec WithSampling(RunSpec spec, Func<SamplingSpec, SamplingSpec> change) =>
        spec with { Training = spec.Training with { Sampling = change(spec.Training.Sampling) } };

    private static TrainingLoop Loop(RunSpec spec, PointCloudDataset data)
    {
        TorchRuntime.Start(spec.Seed);
        return new(spec, new CloudTask(spec, data, CPU), CPU);
    }

    private static EpochEvent Train(TrainingLoop loop, int epochs)
    {
        EpochEvent? last = null;
        for (var i = 0; i < epochs; i++) { last = loop.RunEpoch(); }
        return last!;
    }

    /// <summary>Surfaces of balls and of cubes, and sticks, of 100 points, 30 of each: 20 train, 5 choose, 5 test.</summary>
    private static PointCloudDataset MakeShapes()
    {
        var random = new Random(1);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        float[] Point(int shape)
        {
            double[] at = [Normal(), Normal(), Normal()];
            var scale = shape switch
            {
                0 => Math.Sqrt(at.Sum(x => x * x)),
                1 => at.Max(Math.Abs),
                _ => 1,
            };
            if (shape == 2) { at = [at[0] * 0.1, at[1] * 0.1, 2 * random.NextDouble()]; }
            return [.. at.Select(x => (float)(x / scale))];
        }

        var clouds = Enumerable.Range(0, 90).Select(i =>
            new PointCloud($"shape-{i}", [.. Enumerable.Range(0, 100).SelectMany(_ => Point(i % 3))], new(100, 0, [])) { Label = i % 3 }).ToList();
        return new()
        {
            Name = "shapes", Clouds = clouds, FeatureNames = [], ClassNames = ["ball", "cube", "stick"], Segmentation = false,
            Splits = [new([.. Enumerable.Range(0, 60)], [.. Enumerable.Range(60, 15)], [.. Enumerable.Range(75, 15)])],
        };
    }
}
