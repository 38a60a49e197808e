using Contracts;
using Testing;

namespace Training.Tests;

public sealed class TrainerProgramTests
{
    [Fact]
    public void A_spec_gives_started_every_epoch_once_checkpoints_and_finished()
    {
        using var folder = TestFolders.NewTemporary();
        var (exit, events) = TrainerProgram.Run(Specs.Karate(), "--artifacts", folder.Path);

        Assert.Equal(TrainerExit.Finished, exit);
        var started = Assert.IsType<StartedEvent>(events[0]);
        Assert.Equal((34, 156L, 2), (started.Nodes, started.Edges, started.Classes));
        Assert.Equal(Enumerable.Range(1, 30), events.OfType<EpochEvent>().Select(epoch => epoch.Epoch));
        Assert.Equal([10, 20, 30], events.OfType<CheckpointEvent>().Select(checkpoint => checkpoint.Epoch));
        var withBest = events.OfType<CheckpointEvent>().Last(checkpoint => checkpoint.IsBest).Epoch;
        int[] kept = [.. new[] { withBest, 20, 30 }.Distinct().Order()]; // the newest two, and the first at or after the best epoch
        Assert.Equal(kept.Select(epoch => $"epoch-{epoch:D7}.ckpt"), Directory.GetFiles(folder.Path, "*.ckpt").Select(Path.GetFileName).Order());
        var finished = Assert.IsType<FinishedEvent>(events[^1]);
        var best = events.OfType<EpochEvent>().MaxBy(epoch => epoch.ValidMetric)!;
        Assert.Equal((best.Epoch, best.ValidMetric, best.TestMetric), (finished.BestEpoch, finished.BestValidMetric, finished.TestMetric));
        Assert.All(events.OfType<EpochEvent>(), epoch => Assert.InRange(epoch.PeakMemoryBytes, 20L << 20, 4L << 30));
    }

    [Theory]
    [InlineData("""{"data":{"dataset":"karate"},"model":{"layers":-3},"training":{}}""", "$.model.layers: found -3")]
    [InlineData("""{"data":{"dataset":"karate"},"model":{"layers":1000000000},"training":{}}""", "$.model.layers: found 1000000000")]
    [InlineData("""{"data":{"dataset":"karate"},"model":{},"training":{"learningRate":"NaN"}}""", "$.training.learningRate: found NaN")]
    [InlineData("""{"data":{"dataset":"karate"},"model":{"layers":"deep"},"training":{}}""", "$.model.layers: found \"deep\", needed a whole number")]
    [InlineData("""{"data":{"dataset":"karate"},"model":{"depth":3},"training":{}}""", "$.model.depth: found an unknown member")]
    [InlineData("""{"data":{"dataset":"karate"},"model":{}}""", "$.training: found nothing")]
    [InlineData("""{"data":""", "$: found text that is not JSON")]
    [InlineData("", "$: found text that is not JSON")]
    public void A_spec_that_cannot_be_trained_ends_with_class_user(string spec, string message)
    {
        var (exit, events) = TrainerProgram.Run(spec);

        Assert.Equal(TrainerExit.User, exit);
        var failed = Assert.IsType<FailedEvent>(Assert.Single(events));
        Assert.Equal(FailureClass.User, failed.Class);
        Assert.StartsWith(message, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_option_ends_with_class_user()
    {
        var (exit, events) = TrainerProgram.Run(Specs.Karate(), "--artefacts", "here");

        Assert.Equal(TrainerExit.User, exit);
        Assert.Contains("\"--artefacts\"", Assert.IsType<FailedEvent>(events[^1]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_split_or_a_set_that_does_not_exist_ends_with_class_user()
    {
        var spec = Specs.Karate();
        AssertFails(spec with { Data = spec.Data with { Split = 3 } }, TrainerExit.User, FailureClass.User, "$.data.split: found 3");
        AssertFails(spec with { Data = spec.Data with { Dataset = "krate" } }, TrainerExit.User, FailureClass.User, "$.data.dataset: found data set \"krate\"");
    }

    [Fact]
    public void A_damaged_data_set_ends_with_class_data_and_names_the_file()
    {
        using var folder = TestFolders.NewTemporary();
        Directory.CreateDirectory(folder.File("heterophilous"));
        File.WriteAllBytes(folder.File("heterophilous/texas.npz"), [0x50, 0x4b, 3, 4, 1, 2, 3]);
        var spec = Specs.Karate() with { Data = new() { Dataset = "texas" } };
        using var trainer = TrainerProgram.StartWithData(folder.Path);
        trainer.Send(System.Text.Json.JsonSerializer.Serialize(spec, ContractJson.Options));
        trainer.CloseInput();

        var (exit, events) = trainer.ReadToEnd();

        Assert.Equal(TrainerExit.Data, exit);
        var failed = Assert.IsType<FailedEvent>(events[^1]);
        Assert.Equal(FailureClass.Data, failed.Class);
        Assert.Contains("texas.npz", failed.Message, StringComparison.Ordinal);
    }

    private static void AssertFails(RunSpec spec, int exitCode, FailureClass failure, string message)
    {
        var (exit, events) = TrainerProgram.Run(spec);
        Assert.Equal(exitCode, exit);
        var failed = Assert.IsType<FailedEvent>(events[^1]);
        Assert.Equal(failure, failed.Class);
        Assert.StartsWith(message, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_with_class_diverged()
    {
        var spec = Specs.Karate(epochs: 500);
        var diverging = spec with
        {
            Model = spec.Model with { Normalization = Normalization.None, Convolution = Convolution.Gcn, Layers = 64, Dropout = 0 },
            Training = spec.Training with { LearningRate = 100 },
        };
        var (exit, events) = TrainerProgram.Run(diverging);

        Assert.Equal(TrainerExit.Diverged, exit);
        Assert.Equal(FailureClass.Diverged, Assert.IsType<FailedEvent>(events[^1]).Class);
    }

    [Fact]
    public void A_training_that_diverges_keeps_its_last_good_checkpoint_and_the_best_weights()
    {
        // Finite for some epochs, and then not: plain gradient descent that leaps further each time.
        using var folder = TestFolders.NewTemporary();
        var spec = Specs.Karate(epochs: 500, checkpointEvery: 1);
        var diverging = spec with
        {
            Model = spec.Model with { Normalization = Normalization.None, Convolution = Convolution.Gin, Backbone = Backbone.Plain, Layers = 6, Dropout = 0 },
            Training = spec.Training with { LearningRate = 10, Optimizer = Optimizer.Sgd },
        };
        var (exit, events) = TrainerProgram.Run(diverging, "--artifacts", folder.Path);

        Assert.Equal(TrainerExit.Diverged, exit);
        var last = events.OfType<CheckpointEvent>().Last();
        Assert.True(File.Exists(last.Path));
        Assert.Contains(events.OfType<LogEvent>(), told => told.Message.EndsWith("are in model.safetensors", StringComparison.Ordinal));
        Assert.True(File.Exists(folder.File("model.safetensors")));

        // What was kept is sound: whoever continues from it comes as far, and diverges as before.
        var (again, resumed) = TrainerProgram.Run(diverging, "--artifacts", folder.Path, "--resume", last.Path);
        Assert.Equal(TrainerExit.Diverged, again);
        Assert.Equal(last.Epoch, Assert.IsType<StartedEvent>(resumed[0]).ResumedFromEpoch);
        Assert.Equal(((FailedEvent)events[^1]).Message, ((FailedEvent)resumed[^1]).Message);
    }

    [Fact]
    public void Stop_writes_a_checkpoint_and_the_resumed_run_equals_an_undisturbed_one_bit_for_bit()
    {
        using var undisturbedFolder = TestFolders.NewTemporary();
        using var folder = TestFolders.NewTemporary();
        var spec = Specs.Karate(epochs: 400, checkpointEvery: 0);
        var (_, undisturbed) = TrainerProgram.Run(spec, "--artifacts", undisturbedFolder.Path);

        var first = new List<EpochEvent>();
        using var trainer = TrainerProgram.Start("--artifacts", folder.Path, "--supervised");
        trainer.Send(System.Text.Json.JsonSerializer.Serialize(spec, ContractJson.Options));
        trainer.ReadUntil<EpochEvent>(epoch => { first.Add(epoch); return epoch.Epoch == 5; });
        trainer.Send("stop");
        var (exit, rest) = trainer.ReadToEnd();
        Assert.Equal(TrainerExit.Stopped, exit);
        first.AddRange(rest.OfType<EpochEvent>());
        var checkpoint = rest.OfType<CheckpointEvent>().Last();
        Assert.Equal(checkpoint.Epoch, Assert.IsType<StoppedEvent>(rest[^1]).Epoch);
        Assert.InRange(checkpoint.Epoch, 5, 399);

        var (resumedExit, resumed) = TrainerProgram.Run(spec, "--artifacts", folder.Path, "--resume", checkpoint.Path);

        Assert.Equal(TrainerExit.Finished, resumedExit);
        Assert.Equal(checkpoint.Epoch, Assert.IsType<StartedEvent>(resumed[0]).ResumedFromEpoch);
        var curve = first.Concat(resumed.OfType<EpochEvent>()).Select(Curve);
        Assert.Equal(undisturbed.OfType<EpochEvent>().Select(Curve), curve);
        Assert.Equal(Assert.IsType<FinishedEvent>(undisturbed[^1]).WeightsSha256, Assert.IsType<FinishedEvent>(resumed[^1]).WeightsSha256);
    }

    [Fact]
    public void A_supervisor_that_dies_is_noticed_and_a_checkpoint_left()
    {
        using var folder = TestFolders.NewTemporary();
        using var trainer = TrainerProgram.Start("--artifacts", folder.Path, "--supervised");
        trainer.Send(System.Text.Json.JsonSerializer.Serialize(Specs.Karate(epochs: 1_000_000), ContractJson.Options));
        trainer.ReadUntil<EpochEvent>(epoch => epoch.Epoch >= 3);
        trainer.CloseInput();

        var (exit, events) = trainer.ReadToEnd();
        Assert.Equal(TrainerExit.Stopped, exit);
        Assert.True(File.Exists(events.OfType<CheckpointEvent>().Last().Path));
    }

    [Fact]
    public void An_interrupt_from_the_terminal_is_left_to_the_supervisor_and_a_termination_leaves_a_checkpoint()
    {
        using var folder = TestFolders.NewTemporary();
        using var trainer = TrainerProgram.Start("--artifacts", folder.Path, "--supervised");
        trainer.Send(System.Text.Json.JsonSerializer.Serialize(Specs.Karate(epochs: 1_000_000), ContractJson.Options));
        trainer.ReadUntil<EpochEvent>(epoch => epoch.Epoch >= 2);

        trainer.Signal("INT");
        trainer.ReadUntil<EpochEvent>(epoch => epoch.Epoch >= 50);
        trainer.Signal("TERM");

        var (exit, events) = trainer.ReadToEnd();
        Assert.Equal(TrainerExit.Stopped, exit);
        Assert.Single(events.OfType<CheckpointEvent>(), written => written.Epoch == Assert.IsType<StoppedEvent>(events[^1]).Epoch);
    }

    [Fact]
    public void A_killed_run_continues_from_its_last_checkpoint_to_the_same_weights()
    {
        using var folder = TestFolders.NewTemporary();
        var spec = Specs.Karate(epochs: 200, checkpointEvery: 20);
        var (_, undisturbed) = TrainerProgram.Run(spec);

        using var trainer = TrainerProgram.Start("--artifacts", folder.Path, "--supervised");
        trainer.Send(System.Text.Json.JsonSerializer.Serialize(spec, ContractJson.Options));
        var checkpoint = trainer.ReadUntil<CheckpointEvent>(written => written.Epoch == 40);
        trainer.Kill();
        trainer.ReadToEnd();

        var (_, resumed) = TrainerProgram.Run(spec, "--artifacts", folder.Path, "--resume", checkpoint.Path);
        Assert.Equal(Assert.IsType<FinishedEvent>(undisturbed[^1]).WeightsSha256, Assert.IsType<FinishedEvent>(resumed[^1]).WeightsSha256);
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_for_the_one_before()
    {
        using var folder = TestFolders.NewTemporary();
        var spec = Specs.Karate(epochs: 30, checkpointEvery: 10);
        TrainerProgram.Run(spec, "--artifacts", folder.Path);
        var newest = folder.File("epoch-0000030.ckpt");
        var bytes = File.ReadAllBytes(newest);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(newest, bytes);

        var (exit, events) = TrainerProgram.Run(spec, "--artifacts", folder.Path, "--resume", newest);

        Assert.Equal(TrainerExit.Finished, exit);
        Assert.Contains("checksum", Assert.IsType<LogEvent>(events[0]).Message, StringComparison.Ordinal);
        Assert.Equal(20, events.OfType<StartedEvent>().Single().ResumedFromEpoch);
    }

    [Fact]
    public void A_checkpoint_of_another_spec_is_passed_over()
    {
        using var folder = TestFolders.NewTemporary();
        var (_, events) = TrainerProgram.Run(Specs.Karate(), "--artifacts", folder.Path);
        var path = events.OfType<CheckpointEvent>().Last().Path;

        var (_, resumed) = TrainerProgram.Run(Specs.Karate() with { Seed = 8 }, "--resume", path);

        Assert.Contains("another spec", resumed.OfType<LogEvent>().First().Message, StringComparison.Ordinal);
        Assert.Equal(0, resumed.OfType<StartedEvent>().Single().ResumedFromEpoch);
    }

    private static (int, double, double, double, double, double, double) Curve(EpochEvent e) =>
        (e.Epoch, e.TrainLoss, e.ValidLoss, e.TestLoss, e.TrainMetric, e.ValidMetric, e.TestMetric);
}
