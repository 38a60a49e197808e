using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// What is learnt: data on a device, the model that fits it, the mini-batches of an epoch and the evaluation of all splits. One class for each
/// form of data; <see cref="LearningTasks.Create"/> chooses. The loop around it is <see cref="TrainingLoop"/>.
/// </summary>
public abstract class LearningTask : IDisposable
{
    /// <summary>The model; it belongs to the task.</summary>
    public abstract nn.Module Model { get; }

    /// <summary>Names of the metrics, of <see cref="Metrics"/>; the first is what runs are compared by.</summary>
    public abstract IReadOnlyList<string> MetricNames { get; }

    /// <summary>What the loss needs to know of the targets.</summary>
    public abstract TargetFacts Targets { get; }

    /// <summary>
    /// The batches of an epoch, made one after the other as they are asked for; the caller disposes each. Which samples are in which batch
    /// depends on the run's seed and the epoch alone, so that a resumed training sees the batches of an undisturbed one.
    /// </summary>
    /// <param name="epoch">Counted from 1.</param>
    public abstract IEnumerable<TrainBatch> Batches(int epoch);

    /// <summary>Evaluates all splits with the present weights, outside of training mode and without gradients.</summary>
    /// <param name="observe">Sees all scored samples, each once; null for nobody.</param>
    public abstract Evaluation Evaluate(Action<ScoredSamples>? observe = null);

    /// <summary>Counts of the data and the model, for the <c>started</c> event.</summary>
    public abstract StartedEvent Describe();

    /// <summary>What is kept of the data for the whole training at present: structure, features, targets; some of it is made when it is first used.</summary>
    public abstract HeldBytes Held { get; }

    /// <summary>Parameters before the second convolution: those that the GCN paper's weight decay covers.</summary>
    public abstract IEnumerable<Parameter> FirstLayerParameters();

    /// <summary>Parameters of the backbone's layers, without stem, fusion and prediction.</summary>
    public abstract IEnumerable<Parameter> BackboneParameters();

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees model and data.</summary>
    protected virtual void Dispose(bool disposing) => Model.Dispose();
}

/// <summary>What the loss needs to know of the targets.</summary>
/// <param name="MultiLabel">Whether a sample has several yes-or-no labels (targets [n, C] in the type of the scores) or one class (targets [n], int64).</param>
/// <param name="TrainCounts">Length C: train samples of each class, or with each label.</param>
/// <param name="TrainTotal">Labelled train samples.</param>
public sealed record TargetFacts(bool MultiLabel, IReadOnlyList<long> TrainCounts, long TrainTotal)
{
    /// <summary>Counts the classes of the train samples.</summary>
    public static TargetFacts OfClasses(IEnumerable<int> labels, int classes)
    {
        var counts = new long[classes];
        foreach (var label in labels) { counts[label]++; }
        return new(false, counts, counts.Sum());
    }

    /// <summary>Counts the labels of the train samples.</summary>
    public static TargetFacts OfLabels(IEnumerable<LabelMatrix> samples, int labels)
    {
        var (counts, total) = (new long[labels], 0L);
        foreach (var matrix in samples)
        {
            total += matrix.RowCount;
            for (var i = 0; i < matrix.Values.Length; i++) { counts[i % labels] += matrix.Values[i]; }
        }

        return new(true, counts, total);
    }
}

/// <summary>One step's data.</summary>
/// <param name="scores">Class scores [n, C] of the samples that count, computed with the model in training mode.</param>
/// <param name="targets">[n] int64, or [n, C] with several labels a sample.</param>
/// <param name="rows">Nodes or points that go through the model, for the figure of throughput.</param>
/// <param name="bytes">What data of its own the batch has: structure, features, targets.</param>
/// <param name="owned">What goes with the batch, the targets where they are its own among it.</param>
public sealed class TrainBatch(Func<Tensor> scores, Tensor targets, long rows, long bytes, params IReadOnlyList<IDisposable> owned) : IDisposable
{
    /// <summary>[n] int64, or [n, C] with several labels a sample.</summary>
    public Tensor Targets => targets;

    /// <summary>Nodes or points that go through the model.</summary>
    public long Rows => rows;

    /// <summary>Bytes of the batch's own structure, features and targets.</summary>
    public long Bytes => bytes;

    /// <summary>Class scores [n, C]; called once, in the dispose scope of the step.</summary>
    public Tensor Scores() => scores();

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var each in owned) { each.Dispose(); }
    }
}

/// <summary>Scores of some samples of one split.</summary>
/// <param name="Split">"train", "valid" or "test".</param>
/// <param name="Samples">Which they are: indices of nodes, graphs, points or clouds in their set.</param>
/// <param name="Scores">[n, C].</param>
/// <param name="Targets">[n] int64, or [n, C] with several labels a sample.</param>
public sealed record ScoredSamples(string Split, IReadOnlyList<int> Samples, Tensor Scores, Tensor Targets);

/// <summary>Figures of the three splits after an epoch.</summary>
public sealed record Evaluation(Score Train, Score Valid, Score Test)
{
    /// <summary>Further figures by split and name, null where there are none.</summary>
    public IReadOnlyDictionary<string, double>? Further
    {
        get
        {
            var all = new[] { ("train", Train), ("valid", Valid), ("test", Test) }
                .SelectMany(split => split.Item2.Further.Select(figure => ($"{split.Item1}.{figure.Key}", figure.Value)))
                .ToDictionary();
            return all.Count > 0 ? all : null;
        }
    }
}
