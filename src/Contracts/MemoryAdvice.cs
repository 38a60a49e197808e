namespace Contracts;

/// <summary>The same run with another setting, and what it would need.</summary>
public sealed record MemoryAlternative
{
    /// <summary>In words, like "the reversible backbone".</summary>
    public required string Change { get; init; }

    /// <summary>The members that differ, like <c>model.backbone=rev</c>.</summary>
    public required IReadOnlyList<string> Settings { get; init; }
    public long TotalBytes { get; init; }
}

/// <summary>Settings that need less memory, those that change the training least first.</summary>
public static class MemoryAdvice
{
    /// <summary>What is told of when nothing is short: only what saves a good part.</summary>
    private const double Worthwhile = 0.6;

    private static readonly (string Words, Func<RunSpec, RunSpec?> Apply)[] Changes =
    [
        ("recomputation", Recomputed),
        ("the reversible backbone", Reversible),
        ("smaller batches", SmallerBatches),
        ("half the width", spec => Narrower(spec, 2)),
        ("the reversible backbone and smaller batches", spec => Reversible(spec) is { } reversible ? SmallerBatches(reversible) : null),
        ("recomputation and smaller batches", spec => Recomputed(spec) is { } recomputed ? SmallerBatches(recomputed) : null),
        ("smaller batches and a quarter of the width", spec => SmallerBatches(spec) is { } smaller ? Narrower(smaller, 4) : null),
        ("a quarter of the width", spec => Narrower(spec, 4)),
    ];

    /// <summary>Alternatives without faults that need less than <paramref name="estimate"/>.</summary>
    public static IReadOnlyList<MemoryAlternative> For(RunSpec spec, DatasetInfo data, MemoryEstimate estimate)
    {
        if (estimate.TotalBytes is not { } total) { return []; }
        var found = new List<MemoryAlternative>();
        foreach (var (words, apply) in Changes)
        {
            if (apply(spec) is not { } other || RunSpecValidation.Faults(other).Count > 0) { continue; }
            if (MemoryEstimate.Reckoned(other, data).TotalBytes is { } needed && needed < total)
            {
                found.Add(new() { Change = words, Settings = Differences(spec, other), TotalBytes = needed });
            }
        }
        return found;
    }

    /// <summary>
    /// For people: "needs about 21.0 GiB, more than 8.0 GiB; fits with the reversible backbone: 0.6 GiB", or that nothing fits. Within the
    /// budget, or without one, only of what would save much; null where nothing does.
    /// </summary>
    public static string? Text(MemoryEstimate estimate, long? budgetBytes)
    {
        if (estimate.TotalBytes is not { } total) { return null; }
        if (budgetBytes is { } budget && total > budget) { return $"needs about {MemoryEstimate.Text(total)}, more than {MemoryEstimate.Text(budget)}; {Fitting(estimate.Alternatives, budget)}"; }
        return estimate.Alternatives.FirstOrDefault(other => other.TotalBytes <= Worthwhile * total) is { } less
            ? $"{less.Change} would need about {MemoryEstimate.Text(less.TotalBytes)}"
            : null;
    }

    /// <summary>The first alternative within the budget, with its settings; else the least of them.</summary>
    public static string Fitting(IReadOnlyList<MemoryAlternative> alternatives, long budgetBytes) =>
        alternatives.FirstOrDefault(other => other.TotalBytes <= budgetBytes) is { } fitting ? $"fits with {Tell(fitting)}"
        : alternatives.MinBy(other => other.TotalBytes) is { } least ? $"nothing that was tried fits, least needs {Tell(least)}"
        : "no setting that needs less is known";

    private static string Tell(MemoryAlternative other) => $"{other.Change} ({string.Join(", ", other.Settings)}): about {MemoryEstimate.Text(other.TotalBytes)}";

    private static RunSpec? Recomputed(RunSpec spec) => spec.Training.Recompute != Recompute.None ? null
        : spec with { Training = spec.Training with { Recompute = Recompute.Sqrt } };

    // Running statistics cannot be inverted; layers are the nearest that can.
    private static RunSpec? Reversible(RunSpec spec) => spec.Model.Backbone == Backbone.Reversible ? null : spec with
    {
        Model = spec.Model with
        {
            Backbone = Backbone.Reversible,
            Stem = Stem.Linear,
            Normalization = spec.Model.Normalization == Normalization.Batch ? Normalization.Layer : spec.Model.Normalization,
        },
        Training = spec.Training with { Recompute = Recompute.None },
    };

    private static RunSpec? SmallerBatches(RunSpec spec)
    {
        var sampling = spec.Training.Sampling;
        var task = DatasetCatalog.Find(spec.Data.Dataset)?.Task;
        SamplingSpec? smaller = task switch
        {
            DatasetTasks.NodeClassification or DatasetTasks.MultiLabelNodeClassification => sampling.Method switch
            {
                SamplingMethod.Full => sampling with { Method = SamplingMethod.RandomParts, Parts = 10, PartsPerBatch = 1 },
                SamplingMethod.Neighbors => sampling with { BatchSize = Math.Max(1, (sampling.BatchSize > 0 ? sampling.BatchSize : MemoryOfBatches.SeedNodes) / 4) },
                _ => sampling with { Parts = 4 * sampling.Parts },
            },
            null => null,
            _ => MemoryOfBatches.DefaultSize(task) is var usual && (sampling.BatchSize > 0 ? sampling.BatchSize : usual) is > 1 and var size
                ? sampling with { BatchSize = Math.Max(1, size / 4) }
                : null,
        };
        return smaller is null ? null : spec with { Training = spec.Training with { Sampling = smaller } };
    }

    private static RunSpec? Narrower(RunSpec spec, int by) => spec.Model.HiddenChannels < 8 * by ? null
        : spec with { Model = spec.Model with { HiddenChannels = spec.Model.HiddenChannels / by } };

    private static List<string> Differences(RunSpec one, RunSpec other)
    {
        var settings = new List<string>();
        void Compare<T>(string path, T before, T after, string text)
        {
            if (!EqualityComparer<T>.Default.Equals(before, after)) { settings.Add($"{path}={text}"); }
        }

        Compare("model.backbone", one.Model.Backbone, other.Model.Backbone, ContractJson.NameOf(other.Model.Backbone));
        Compare("model.stem", one.Model.Stem, other.Model.Stem, ContractJson.NameOf(other.Model.Stem));
        Compare("model.normalization", one.Model.Normalization, other.Model.Normalization, ContractJson.NameOf(other.Model.Normalization));
        Compare("model.hiddenChannels", one.Model.HiddenChannels, other.Model.HiddenChannels, $"{other.Model.HiddenChannels}");
        Compare("training.recompute", one.Training.Recompute, other.Training.Recompute, ContractJson.NameOf(other.Training.Recompute));
        Compare("training.sampling.method", one.Training.Sampling.Method, other.Training.Sampling.Method, ContractJson.NameOf(other.Training.Sampling.Method));
        Compare("training.sampling.parts", one.Training.Sampling.Parts, other.Training.Sampling.Parts, $"{other.Training.Sampling.Parts}");
        Compare("training.sampling.batchSize", one.Training.Sampling.BatchSize, other.Training.Sampling.BatchSize, $"{other.Training.Sampling.BatchSize}");
        return settings;
    }
}
