namespace Contracts;

public static partial class RunSpecValidation
{
    private static void CheckTraining(TrainingSpec training, List<SpecFault> faults)
    {
        Between(faults, "$.training.epochs", training.Epochs, 1, MaxEpochs);
        Between(faults, "$.training.learningRate", training.LearningRate, 1e-12, 100);
        Between(faults, "$.training.momentum", training.Momentum, 0, 0.9999);
        Between(faults, "$.training.gradientClip", training.GradientClip, 0, 1e9);
        Between(faults, "$.training.weightDecay", training.WeightDecay, 0, 100);
        if (training.BackboneWeightDecay is { } backbone) { Between(faults, "$.training.backboneWeightDecay", backbone, 0, 100); }
        Between(faults, "$.training.labelSmoothing", training.LabelSmoothing, 0, 0.99);
        Between(faults, "$.training.patience", training.Patience, 0, MaxEpochs);
        Between(faults, "$.training.checkpointEvery", training.CheckpointEvery, 0, MaxEpochs);
        Between(faults, "$.training.evaluateEvery", training.EvaluateEvery, 1, MaxEpochs);
        Between(faults, "$.training.diagnosticsEvery", training.DiagnosticsEvery, 0, MaxEpochs);
        if (training.EvaluateEvery > 0 && training.DiagnosticsEvery % training.EvaluateEvery != 0)
        {
            faults.Add(new("$.training.diagnosticsEvery", $"found {training.DiagnosticsEvery} with evaluateEvery {training.EvaluateEvery}, needed a multiple of it: layers are seen in an evaluation"));
        }

        if (training.MemoryBudgetMiB is { } budget) { Between(faults, "$.training.memoryBudgetMiB", budget, 1, 1 << 30); }
        if (training.AnchorEvery is { } anchors) { Between(faults, "$.training.anchorEvery", anchors, 1, MaxLayers); }
        Known(faults, "$.training.recompute", training.Recompute);
        Known(faults, "$.training.optimizer", training.Optimizer);
        Known(faults, "$.training.weightDecayScope", training.WeightDecayScope);
        Known(faults, "$.training.selection", training.Selection);
        if (training.Momentum > 0 && training.Optimizer is Optimizer.Adam or Optimizer.AdamW)
        {
            faults.Add(new("$.training.momentum", $"found {training.Momentum} with \"{ContractJson.NameOf(training.Optimizer)}\", needed 0, or \"sgd\" or \"rmsprop\""));
        }

        CheckClassWeights(training, faults);
        if (training.Schedule is null) { faults.Add(Missing("$.training.schedule")); } else { CheckSchedule(training.Schedule, faults); }
        if (training.Sampling is null) { faults.Add(Missing("$.training.sampling")); } else { CheckSampling(training.Sampling, faults); }
    }

    // What a backbone keeps for its backward pass can be traded in one way only.
    private static void CheckMemory(RunSpec spec, List<SpecFault> faults)
    {
        var (backbone, training) = (spec.Model.Backbone, spec.Training);
        if (backbone != Backbone.Reversible && training.AnchorEvery is { } every)
        {
            faults.Add(new("$.training.anchorEvery", $"found {every} with backbone \"{ContractJson.NameOf(backbone)}\", needed \"rev\", whose layers are inverted"));
        }

        if (training.Recompute != Recompute.None && !Recomputation.CanRunAgain(backbone))
        {
            faults.Add(new("$.training.recompute", $"found \"{ContractJson.NameOf(training.Recompute)}\" with backbone \"{ContractJson.NameOf(backbone)}\", needed \"none\": its layers keep nothing to save"));
        }
    }

    private static void CheckClassWeights(TrainingSpec training, List<SpecFault> faults)
    {
        if (training.ClassWeights is null) { faults.Add(Missing("$.training.classWeights")); return; }
        if (training.ClassWeights.Count > 0 && training.BalanceClasses)
        {
            faults.Add(new("$.training.balanceClasses", "found true beside classWeights, needed one of the two"));
        }

        for (var i = 0; i < training.ClassWeights.Count; i++)
        {
            Between(faults, $"$.training.classWeights[{i}]", training.ClassWeights[i], 0, 1e6);
        }
    }

    private static void CheckSchedule(ScheduleSpec schedule, List<SpecFault> faults)
    {
        Known(faults, "$.training.schedule.kind", schedule.Kind);
        Between(faults, "$.training.schedule.warmupEpochs", schedule.WarmupEpochs, 0, MaxEpochs);
        Between(faults, "$.training.schedule.stepEpochs", schedule.StepEpochs, 1, MaxEpochs);
        Between(faults, "$.training.schedule.factor", schedule.Factor, 1e-6, 1);
        Between(faults, "$.training.schedule.patience", schedule.Patience, 1, MaxEpochs);
        Between(faults, "$.training.schedule.minLearningRate", schedule.MinLearningRate, 0, 100);
    }

    private static void CheckSampling(SamplingSpec sampling, List<SpecFault> faults)
    {
        Known(faults, "$.training.sampling.method", sampling.Method);
        Between(faults, "$.training.sampling.batchSize", sampling.BatchSize, 0, 1_000_000);
        Between(faults, "$.training.sampling.parts", sampling.Parts, 1, 1_000_000);
        Between(faults, "$.training.sampling.points", sampling.Points, 1, 1_000_000);
        Between(faults, "$.training.sampling.blocksPerEpoch", sampling.BlocksPerEpoch, 0, 1_000_000);
        Between(faults, "$.training.sampling.blockSize", sampling.BlockSize, 0, 1e9);
        if (sampling.PartsPerBatch < 1 || sampling.PartsPerBatch > sampling.Parts)
        {
            faults.Add(new("$.training.sampling.partsPerBatch", $"found {sampling.PartsPerBatch} of {sampling.Parts} parts, needed 1 to {sampling.Parts}"));
        }

        if (sampling.Fanouts is null) { faults.Add(Missing("$.training.sampling.fanouts")); return; }
        if (sampling.Fanouts.Count is < 1 or > 64) { faults.Add(new("$.training.sampling.fanouts", $"found {sampling.Fanouts.Count} hops, needed 1 to 64")); }
        for (var i = 0; i < Math.Min(sampling.Fanouts.Count, 64); i++)
        {
            if (sampling.Fanouts[i] is not (-1 or > 0)) { faults.Add(new($"$.training.sampling.fanouts[{i}]", $"found {sampling.Fanouts[i]}, needed a number above 0, or -1 for all")); }
        }
    }
}
