using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Models;
using DeepGnn.Runtime;
using DeepGnn.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Training.Tests;

public sealed class DeepGcnTests
{
    private static readonly NodeDataset Karate = NodeDatasets.Load(Specs.Karate().Data, []);

    private static readonly (Stem Stem, Fusion Fusion, Prediction Prediction, int[] Hidden)[] Ends =
    [
        (Stem.Linear, Fusion.Last, Prediction.Mlp, []),
        (Stem.Convolution, Fusion.Last, Prediction.Convolution, []),
        (Stem.Convolution, Fusion.Concat, Prediction.Mlp, [24]),
        (Stem.Linear, Fusion.Global, Prediction.Mlp, [24, 12]),
    ];

    public static TheoryData<ModelSpec> EveryModel() =>
    [
        .. from convolution in Enum.GetValues<Convolution>()
           from backbone in Enum.GetValues<Backbone>()
           from normalization in new[] { Normalization.None, Normalization.Batch, Normalization.Layer }
           from ends in Ends
           let spec = Model(convolution, backbone, normalization, ends)
           where RunSpecValidation.Faults(Specs.Karate() with { Model = spec }).Count == 0
           select spec,
        .. from normalization in Enum.GetValues<Normalization>()
           select Model(Convolution.Gcn, Backbone.Res, normalization, Ends[0]),
        .. from fusion in Enum.GetValues<Fusion>()
           select Model(Convolution.Gcn, Backbone.Res, Normalization.Layer, (Stem.Linear, fusion, Prediction.Mlp, [])),
        .. from backbone in new[] { Backbone.Plain, Backbone.Res, Backbone.ResPlus }
           select Model(Convolution.Gcn, backbone, Normalization.Layer, Ends[0]) with { TieWeights = true, Layers = 5 },
        .. from aggregation in Enum.GetValues<Aggregation>().Where(each => each != Aggregation.SoftmaxStopped)
           select Model(Convolution.Gen, Backbone.ResPlus, Normalization.Layer, Ends[0]) with { Aggregation = aggregation, MessageNorm = true, MlpLayers = 3 },
        Model(Convolution.Sage, Backbone.Res, Normalization.Layer, Ends[0]) with { Aggregation = Aggregation.Max, DropEdge = 0.3, DropNode = 0.2 },
        Model(Convolution.Gcn, Backbone.Initial, Normalization.None, Ends[0]) with { SeparateWeights = true },
    ];

    private static TrainingLoop Loop(RunSpec spec) => new(spec, new NodeTask(spec, Karate, CPU), CPU);

    private static ModelSpec Model(Convolution convolution, Backbone backbone, Normalization normalization, (Stem, Fusion, Prediction, int[]) ends) => new()
    {
        Convolution = convolution, Backbone = backbone, Normalization = normalization, Layers = 3, HiddenChannels = 8, Heads = 2,
        Stem = ends.Item1, Fusion = ends.Item2, Prediction = ends.Item3, PredictionHidden = ends.Item4,
    };

    [Theory]
    [MemberData(nameof(EveryModel))]
    public void Every_parameter_of_every_model_gets_a_finite_gradient(ModelSpec spec)
    {
        TorchRuntime.Start(seed: 1);
        using var scope = NewDisposeScope();
        using var model = new DeepGcn(spec with { Dropout = 0 }, Karate.Features.ColumnCount, Karate.ClassCount);
        using var x = new InputFeatures(Karate.Features, CPU);
        var labels = tensor(Array.ConvertAll(Karate.Labels, label => (long)label));

        var logits = model.forward(x, Karate.Graph);
        Assert.Equal([34, Karate.ClassCount], logits.shape);
        nn.functional.cross_entropy(logits, labels).backward();

        Assert.NotEmpty(model.parameters());
        foreach (var (name, parameter) in model.named_parameters())
        {
            Assert.True(parameter.grad is not null, $"{name} has no gradient");
            Assert.True(parameter.grad.isfinite().all().ToBoolean(), $"{name} has a gradient that is not finite");
        }
    }

    [Theory]
    [MemberData(nameof(EveryModel))]
    public void Evaluation_in_chunks_equals_that_on_the_whole_graph(ModelSpec spec)
    {
        TorchRuntime.Start(seed: 1);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = new DeepGcn(spec, Karate.Features.ColumnCount, Karate.ClassCount);
        using var x = new InputFeatures(Karate.Features, CPU);
        model.forward(x, Karate.Graph); // moves running statistics
        model.eval();

        var expected = model.forward(x, Karate.Graph);
        var found = model.forward(x, Karate.Graph.InChunks(5));

        Assert.InRange((expected - found).abs().max().item<float>(), 0, 1e-6f * Math.Max(1, expected.abs().max().item<float>()));
    }

    [Fact]
    public void A_model_has_as_many_convolutions_as_asked_for()
    {
        TorchRuntime.Start(seed: 1);
        var spec = new ModelSpec { Layers = 5, HiddenChannels = 8, Normalization = Normalization.None, Backbone = Backbone.Plain };
        // Stem F·D + D, five convolutions D·D + D, prediction D·C + C.
        Assert.Equal((34 * 8) + 8 + (5 * ((8 * 8) + 8)) + (8 * 2) + 2, Count(spec));
        // The first convolution F·D + D, three D·D + D, the last D·C + C.
        Assert.Equal((34 * 8) + 8 + (3 * ((8 * 8) + 8)) + (8 * 2) + 2, Count(spec with { Stem = Stem.Convolution, Prediction = Prediction.Convolution }));

        static long Count(ModelSpec spec)
        {
            using var model = new DeepGcn(spec, 34, 2);
            return model.parameters().Sum(parameter => parameter.numel());
        }
    }

    [Fact]
    public void Live_tensors_stay_level_from_epoch_to_epoch()
    {
        TorchRuntime.Start(seed: 1);
        using var trainer = Loop(Specs.Karate());
        trainer.RunEpoch();
        trainer.RunEpoch();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 5; i++) { trainer.RunEpoch(); }
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Weight_decay_on_the_first_layer_leaves_the_others_alone()
    {
        Assert.Equal(Trained(WeightDecayScope.FirstLayer, decay: 0), Trained(WeightDecayScope.All, decay: 0));
        Assert.NotEqual(Trained(WeightDecayScope.FirstLayer, decay: 0.5), Trained(WeightDecayScope.All, decay: 0.5));

        static string Trained(WeightDecayScope scope, double decay)
        {
            TorchRuntime.Start(seed: 1);
            var spec = Specs.Karate();
            using var trainer = Loop(
                spec with { Training = spec.Training with { WeightDecay = decay, WeightDecayScope = scope } });
            for (var i = 0; i < 3; i++) { trainer.RunEpoch(); }
            return trainer.WeightsSha256();
        }
    }

    [Fact]
    public void Patience_ends_a_training_and_the_best_epoch_is_the_valid_splits()
    {
        TorchRuntime.Start(seed: 1);
        var spec = Specs.Karate();
        using var trainer = Loop(
            spec with { Training = spec.Training with { Epochs = 100_000, Patience = 15, Selection = Selection.ValidLoss } });
        var epochs = new List<EpochEvent>();
        while (!trainer.IsFinished) { epochs.Add(trainer.RunEpoch()); }

        var best = epochs.MinBy(epoch => epoch.ValidLoss)!;
        Assert.True(trainer.StoppedEarly);
        Assert.Equal((best.Epoch, best.ValidLoss, best.TestMetric), (trainer.Progress.BestEpoch, trainer.Progress.BestValidLoss, trainer.Progress.TestMetric));
        Assert.Equal(best.Epoch + 15, epochs[^1].Epoch);
    }
}
