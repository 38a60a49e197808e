using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Diagnostics;
using DeepGnn.Runtime;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Training.Tests;

public sealed class LayersEventTests
{
    [Fact]
    public void Figures_of_every_layer_come_in_the_epochs_asked_for_and_change_nothing()
    {
        var spec = Specs.Karate(epochs: 10);
        var (exit, events) = TrainerProgram.Run(spec with { Training = spec.Training with { DiagnosticsEvery = 4 } });
        var (_, plain) = TrainerProgram.Run(spec);

        Assert.Equal(TrainerExit.Finished, exit);
        var layers = events.OfType<LayersEvent>().ToArray();
        Assert.Equal([4, 8], layers.Select(figures => figures.Epoch));
        Assert.All(layers, figures =>
        {
            Assert.Equal([4, 4, 4, 4], new[] { figures.DirichletEnergy.Count, figures.MeanAverageDistance.Count, figures.DeadShare.Count, figures.GradientNorm.Count });
            Assert.All(figures.DirichletEnergy.Concat(figures.GradientNorm), value => Assert.True(value > 0 && double.IsFinite(value)));
            Assert.All(figures.MeanAverageDistance, value => Assert.InRange(value, 0, 2));
            Assert.All(figures.DeadShare, value => Assert.InRange(value, 0, 1));
        });
        Assert.Equal(((FinishedEvent)plain[^1]).WeightsSha256, ((FinishedEvent)events[^1]).WeightsSha256);
        Assert.DoesNotContain(plain, reported => reported is LayersEvent);
    }

    [Theory]
    [InlineData(Backbone.Plain)]
    [InlineData(Backbone.Dense)]
    [InlineData(Backbone.Initial)]
    [InlineData(Backbone.Reversible)]
    public void Every_backbone_shows_its_layers_after_a_step(Backbone backbone)
    {
        using var scope = NewDisposeScope();
        TorchRuntime.Start(seed: 1);
        var spec = Specs.Karate();
        spec = spec with
        {
            Model = spec.Model with { Backbone = backbone, Convolution = Convolution.Gcn },
            Training = spec.Training with { DiagnosticsEvery = 1 },
        };
        using var trainer = new TrainingLoop(spec, LearningTasks.Create(spec, [], null, CPU), CPU);

        trainer.RunEpoch();

        var figures = trainer.Layers!;
        Assert.All(figures.GradientNorm, norm => Assert.True(norm > 0));
        Assert.Equal(backbone == Backbone.Reversible ? [true, true, true, false] : [false, false, false, false], figures.DirichletEnergy.Select(double.IsNaN));
        var last = Model(trainer).BackboneLayers[^1].parameters();
        Assert.Equal(LayerDiagnostics.GradientNorm(last), figures.GradientNorm[^1]);
    }

    [Fact]
    public void Tied_layers_are_seen_each_and_share_their_gradient()
    {
        using var scope = NewDisposeScope();
        TorchRuntime.Start(seed: 1);
        var spec = Specs.Karate();
        spec = spec with { Model = spec.Model with { TieWeights = true }, Training = spec.Training with { DiagnosticsEvery = 1 } };
        using var trainer = new TrainingLoop(spec, LearningTasks.Create(spec, [], null, CPU), CPU);

        trainer.RunEpoch();

        Assert.Equal(4, trainer.Layers!.DirichletEnergy.Distinct().Count());
        Assert.Single(trainer.Layers.GradientNorm.Skip(1).Distinct());
    }

    [Fact]
    public void A_model_without_layers_to_see_is_refused()
    {
        var spec = Specs.Karate();
        spec = spec with
        {
            Model = spec.Model with { Convolution = Convolution.Gcn, Backbone = Backbone.Appnp },
            Training = spec.Training with { DiagnosticsEvery = 5 },
        };

        var (exit, events) = TrainerProgram.Run(spec);

        Assert.Equal(TrainerExit.User, exit);
        Assert.StartsWith("$.training.diagnosticsEvery: found 5", Assert.IsType<FailedEvent>(events[^1]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_are_asked_for_in_epochs_that_are_evaluated()
    {
        var spec = Specs.Karate();

        var faults = RunSpecValidation.Faults(spec with { Training = spec.Training with { EvaluateEvery = 4, DiagnosticsEvery = 6 } });

        Assert.Contains("found 6 with evaluateEvery 4, needed a multiple", Assert.Single(faults).Message);
    }

    private static DeepGnn.Models.DeepGcn Model(TrainingLoop trainer) => (DeepGnn.Models.DeepGcn)trainer.Task.Model;
}
