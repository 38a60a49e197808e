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
        var data = NodeDatasets.Load(spec.Data, DatasetCatalog.Folders(), new DatasetDownload(DatasetCatalog.CacheFolder(), client));
        using var trainer = new FullBatchTrainer(spec, data, device);
        Resume(trainer);
        reporter.Report(Started(trainer, data, device));

        while (!trainer.IsFinished)
        {
            if (stop.IsRequested) { return Leave(trainer); }

            reporter.Report(trainer.RunEpoch());
            var every = spec.Training.CheckpointEvery;
            if (every > 0 && trainer.Progress.Epoch % every == 0) { WriteCheckpoint(trainer); }
        }

        if (_checkpointEpoch != trainer.Progress.Epoch) { WriteCheckpoint(trainer); }
        reporter.Report(Finished(trainer));
        return TrainerExit.Finished;
    }

    private int Leave(FullBatchTrainer trainer)
    {
        if (_checkpointEpoch != trainer.Progress.Epoch) { WriteCheckpoint(trainer); }
        reporter.Report(new StoppedEvent { Epoch = trainer.Progress.Epoch });
        return TrainerExit.Stopped;
    }

    private void Resume(FullBatchTrainer trainer)
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

    private void WriteCheckpoint(FullBatchTrainer trainer)
    {
        if (options.Artifacts is null) { return; }

        var epoch = trainer.Progress.Epoch;
        var path = CheckpointFiles.PathFor(options.Artifacts, epoch);
        var sha256 = trainer.Save(path);
        _checkpointEpoch = epoch;
        reporter.Report(new CheckpointEvent { Epoch = epoch, Path = path, Sha256 = sha256, Bytes = new FileInfo(path).Length });
        CheckpointFiles.KeepNewest(options.Artifacts);
    }

    private StartedEvent Started(FullBatchTrainer trainer, NodeDataset data, Device device)
    {
        var split = data.Splits[spec.Data.Split];
        return new()
        {
            Dataset = data.Name,
            Nodes = data.Graph.NodeCount,
            Edges = data.Graph.EdgeCount,
            Features = data.Features.ColumnCount,
            Classes = data.ClassCount,
            TrainNodes = split.Train.Length,
            ValidNodes = split.Valid.Length,
            TestNodes = split.Test.Length,
            Parameters = trainer.ParameterCount,
            Metric = data.Metric == Metric.Accuracy ? "accuracy" : "rocAuc",
            Device = device.ToString(),
            Threads = get_num_threads(),
            ResumedFromEpoch = trainer.Progress.Epoch,
            BaseMemoryBytes = ProcessMemory.Resident(),
        };
    }

    private static FinishedEvent Finished(FullBatchTrainer trainer) => new()
    {
        Epochs = trainer.Progress.Epoch,
        BestEpoch = trainer.Progress.BestEpoch,
        BestValidMetric = trainer.Progress.BestValidMetric,
        BestValidLoss = trainer.Progress.BestValidLoss,
        TestMetric = trainer.Progress.TestMetric,
        StoppedEarly = trainer.StoppedEarly,
        Seconds = trainer.Progress.Seconds,
        PeakMemoryBytes = trainer.Progress.PeakMemoryBytes,
        WeightsSha256 = trainer.WeightsSha256(),
    };
}
