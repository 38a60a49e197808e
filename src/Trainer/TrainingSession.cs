using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Memory;
using DeepGnn.Runtime;
using DeepGnn.Training;
using static TorchSharp.torch;

namespace Trainer;

/// <summary>One run from its spec to its last event.</summary>
internal sealed class TrainingSession(RunSpec spec, TrainerOptions options, EventReporter reporter, StopSignal stop)
{
    private int _checkpointEpoch;

    /// <returns>The exit code.</returns>
    public int Run()
    {
        TorchRuntime.Start(spec.Seed);
        var device = TorchRuntime.ChooseDevice();
        using var client = DatasetDownload.NewClient();
        var download = new DatasetDownload(DatasetCatalog.CacheFolder(), client);
        var task = LearningTasks.Create(spec, DatasetCatalog.Folders(), download, device);
        using var trainer = new TrainingLoop(spec, task, device);
        Resume(trainer);
        reporter.Report(Started(trainer));

        while (!trainer.IsFinished)
        {
            if (stop.IsRequested) { return Leave(trainer); }

            reporter.Report(trainer.RunEpoch());
            if (trainer.Layers is { } layers) { reporter.Report(layers); }
            var every = spec.Training.CheckpointEvery;
            if (every > 0 && trainer.Progress.Epoch % every == 0) { WriteCheckpoint(trainer); }
        }

        if (_checkpointEpoch != trainer.Progress.Epoch) { WriteCheckpoint(trainer); }
        var finished = Finished(trainer);
        if (options.Artifacts is not null) { ResultFiles.Write(options.Artifacts, spec, trainer, reporter); }
        reporter.Report(finished);
        return TrainerExit.Finished;
    }

    private int Leave(TrainingLoop trainer)
    {
        if (_checkpointEpoch != trainer.Progress.Epoch) { WriteCheckpoint(trainer); }
        reporter.Report(new StoppedEvent { Epoch = trainer.Progress.Epoch });
        return TrainerExit.Stopped;
    }

    private void Resume(TrainingLoop trainer)
    {
        if (options.Resume is null) { return; }

        foreach (var path in CheckpointFiles.Candidates(options.Resume, options.Artifacts))
        {
            try
            {
                trainer.Resume(path);
                _checkpointEpoch = trainer.Progress.Epoch;
                return;
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                reporter.Log("warning", $"checkpoint passed over: {e.Message}");
            }
        }

        reporter.Log("warning", "no sound checkpoint found: training starts at the first epoch");
    }

    private void WriteCheckpoint(TrainingLoop trainer)
    {
        if (options.Artifacts is null) { return; }

        var epoch = trainer.Progress.Epoch;
        var path = CheckpointFiles.PathFor(options.Artifacts, epoch);
        var sha256 = trainer.Save(path);
        _checkpointEpoch = epoch;
        reporter.Report(new CheckpointEvent { Epoch = epoch, Path = path, Sha256 = sha256, Bytes = new FileInfo(path).Length });
        CheckpointFiles.KeepNewest(options.Artifacts);
    }

    private static StartedEvent Started(TrainingLoop trainer) => trainer.Task.Describe() with
    {
        Parameters = trainer.ParameterCount,
        Threads = get_num_threads(),
        ResumedFromEpoch = trainer.Progress.Epoch,
        BaseMemoryBytes = ProcessMemory.Resident(),
    };

    private static FinishedEvent Finished(TrainingLoop trainer) => new()
    {
        Epochs = trainer.Progress.Epoch,
        BestEpoch = trainer.Progress.BestEpoch,
        BestValidMetric = trainer.Progress.BestValidMetric,
        BestValidLoss = trainer.Progress.BestValidLoss,
        TestMetric = trainer.Progress.TestMetric,
        Metrics = trainer.Progress.BestMetrics,
        StoppedEarly = trainer.StoppedEarly,
        Seconds = trainer.Progress.Seconds,
        PeakMemoryBytes = trainer.Progress.PeakMemoryBytes,
        WeightsSha256 = trainer.WeightsSha256(),
    };
}
