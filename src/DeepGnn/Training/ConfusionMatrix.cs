namespace DeepGnn.Training;

/// <summary>
/// How often each class was predicted as which, gathered over batches. Figures are over everything added, not means over batches.
/// <para>IoU of class c = true positives / (points of c + points predicted c − true positives): intersection by union over the whole set. A
/// class that neither occurs nor is ever predicted has no union; it counts as 1 in the mean, as in deep_gcns_torch (NaN → 1).</para>
/// </summary>
public sealed class ConfusionMatrix
{
    private readonly long[] _counts;

    /// <summary>Nothing added yet.</summary>
    /// <param name="classes">C, at least 1.</param>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        (ClassCount, _counts) = (classes, new long[classes * classes]);
    }

    /// <summary>Number of classes C.</summary>
    public int ClassCount { get; }

    /// <summary>How many of class <paramref name="label"/> were predicted as <paramref name="predicted"/>.</summary>
    public long this[int label, int predicted] => _counts[(label * ClassCount) + predicted];

    /// <summary>Everything added.</summary>
    public long Total => _counts.Sum();

    /// <summary>Share of right predictions, in [0, 1]; NaN with nothing added.</summary>
    public double Accuracy => (double)Classes().Sum(c => this[c, c]) / Total;

    /// <summary>Mean over the classes that occur of the share of each that was predicted right (balanced accuracy); NaN with nothing added.</summary>
    public double MeanClassAccuracy =>
        Classes().Where(c => Labelled(c) > 0).Select(c => (double)this[c, c] / Labelled(c)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Mean of <see cref="IntersectionOverUnion"/> over all classes, those without union counted as 1; NaN with nothing added.</summary>
    public double MeanIntersectionOverUnion =>
        Total == 0 ? double.NaN : Classes().Select(IntersectionOverUnion).Average(value => double.IsNaN(value) ? 1 : value);

    /// <summary>IoU of one class, in [0, 1]; NaN without union.</summary>
    public double IntersectionOverUnion(int c) => (double)this[c, c] / (Labelled(c) + Classes().Sum(label => this[label, c]) - this[c, c]);

    /// <summary>Adds predictions beside their labels.</summary>
    /// <exception cref="ArgumentException">Different lengths, or a class out of range: names the position.</exception>
    public void Add(ReadOnlySpan<long> predictions, ReadOnlySpan<long> labels)
    {
        if (predictions.Length != labels.Length)
        {
            throw new ArgumentException($"found {predictions.Length} predictions and {labels.Length} labels, needed as many of each");
        }

        for (var i = 0; i < labels.Length; i++)
        {
            Check("label", i, labels[i]);
            Check("prediction", i, predictions[i]);
        }

        for (var i = 0; i < labels.Length; i++) { _counts[(labels[i] * ClassCount) + predictions[i]]++; }
    }

    private IEnumerable<int> Classes() => Enumerable.Range(0, ClassCount);

    private long Labelled(int c) => Classes().Sum(predicted => this[c, predicted]);

    private void Check(string what, int at, long found)
    {
        if ((ulong)found >= (ulong)ClassCount) { throw new ArgumentException($"{what} {at}: found class {found}, needed 0 to {ClassCount - 1}"); }
    }
}
