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
    private string? _bestCheckpoint;
    private bool _saidMissing;

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
        ManagedHeap.GiveBack();
        reporter.Report(Started(trainer));
        try { return Train(trainer); }
        catch (DivergedException)
        {
            KeepLastGood(trainer);
            throw;
        }
    }

    private int Train(TrainingLoop trainer)
    {
        while (!trainer.IsFinished)
        {
            if (stop.IsRequested) { return Leave(trainer); }

            reporter.Report(trainer.RunEpoch());
            if (trainer.Layers is { } layers) { reporter.Report(layers); }
            if (trainer.Memory is { } memory) { Report(trainer, memory); }
            var every = spec.Training.CheckpointEvery;
            if (every > 0 && trainer.Progress.Epoch % every == 0) { TryWriteCheckpoint(trainer); }
        }

        if (_checkpointEpoch != trainer.Progress.Epoch) { WriteCheckpoint(trainer); }
        var finished = Finished(trainer);
        if (options.Artifacts is not null) { ResultFiles.Write(options.Artifacts, spec, trainer, reporter); }
        reporter.Report(finished);
        return TrainerExit.Finished;
    }

    private void Report(TrainingLoop trainer, MemoryEvent memory)
    {
        reporter.Report(memory);
        if (trainer.Meter.Missing is not { } missing || _saidMissing) { return; }
        reporter.Log("info", missing);
        _saidMissing = true;
    }

    private int Leave(TrainingLoop trainer)
    {
        if (_checkpointEpoch != trainer.Progress.Epoch) { TryWriteCheckpoint(trainer); }
        reporter.Report(new StoppedEvent { Epoch = options.Artifacts is null ? trainer.Progress.Epoch : _checkpointEpoch });
        return TrainerExit.Stopped;
    }

    /// <summary>The same spec would diverge again. What it learnt before is kept: its checkpoints, and the chosen epoch's weights.</summary>
    private void KeepLastGood(TrainingLoop trainer)
    {
        if (options.Artifacts is null || trainer.Progress.BestEpoch == 0) { return; }

        trainer.RestoreBest();
        if (!trainer.WeightsAreFinite()) { return; }
        ResultFiles.WriteWeights(options.Artifacts, spec, trainer, reporter);
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

    /// <summary>A disk that is full now may have room later, and the checkpoint before is still there. Only the last one must succeed.</summary>
    private void TryWriteCheckpoint(TrainingLoop trainer)
    {
        try { WriteCheckpoint(trainer); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reporter.Log("warning", $"no checkpoint of epoch {trainer.Progress.Epoch} could be written: {e.Message}");
        }
    }

    /// <exception cref="DivergedException">The state is worth nothing: it must not take the place of one that is.</exception>
    private void WriteCheckpoint(TrainingLoop trainer)
    {
        var epoch = trainer.Progress.Epoch;
        if (!trainer.WeightsAreFinite())
        {
            throw new DivergedException($"epoch {epoch}: found weights that are not finite after its last step, needed finite ones; a lower learning rate or a normalisation may help");
        }

        if (options.Artifacts is null) { return; }

        var path = CheckpointFiles.PathFor(options.Artifacts, epoch);
        var sha256 = trainer.Save(path);
        var best = trainer.Progress.BestEpoch > _checkpointEpoch;
        if (best) { _bestCheckpoint = path; }
        _checkpointEpoch = epoch;
        reporter.Report(new CheckpointEvent { Epoch = epoch, Path = path, Sha256 = sha256, Bytes = new FileInfo(path).Length, IsBest = best });

        // A supervisor knows which of them are registered, and deletes the others itself.
        if (!options.Supervised) { CheckpointFiles.KeepNewest(options.Artifacts, _bestCheckpoint); }
    }

    private static StartedEvent Started(TrainingLoop trainer) => trainer.Task.Describe() with
    {
        Parameters = trainer.ParameterCount,
        Threads = get_num_threads(),
        CodeVersion = Reproduction.CodeVersion,
        Platform = Reproduction.Platform,
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
        PeakMemoryBytes = Math.Max(trainer.Progress.PeakMemoryBytes, ProcessMemory.Highest()), // the last checkpoint lies behind all epochs
        WeightsSha256 = trainer.WeightsSha256(),
    };
}
