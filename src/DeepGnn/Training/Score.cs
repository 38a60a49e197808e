using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>Mean cross-entropy and metric of one split.</summary>
/// <param name="Loss">Mean over the split's nodes, in nats; NaN for an empty split.</param>
/// <param name="Metric">Accuracy or area under the ROC curve, in [0, 1]; NaN where it is not defined.</param>
public readonly record struct Score(double Loss, double Metric)
{
    /// <summary>Scores the predictions for some nodes.</summary>
    /// <param name="logits">Class scores [N, C] of all nodes.</param>
    /// <param name="labels">Classes [N], int64; nodes without label are not in <paramref name="nodes"/>.</param>
    /// <param name="nodes">Indices of the split's nodes, int64.</param>
    /// <param name="metric">How the predictions are scored.</param>
    public static Score Of(Tensor logits, Tensor labels, Tensor nodes, Datasets.Metric metric)
    {
        if (nodes.shape[0] == 0) { return new(double.NaN, double.NaN); }

        using var scope = NewDisposeScope();
        var scores = logits.index_select(0, nodes); // [n, C]
        var truth = labels.index_select(0, nodes);  // [n]
        var loss = nn.functional.cross_entropy(scores, truth).ToDouble();
        var value = metric == Datasets.Metric.Accuracy
            ? scores.argmax(1).eq(truth).to(ScalarType.Float64).mean().ToDouble()
            : RocAuc(scores, truth);
        return new(loss, value);
    }

    private static double RocAuc(Tensor scores, Tensor truth)
    {
        var margin = (scores.select(1, 1) - scores.select(1, 0)).to(ScalarType.Float64).cpu().data<double>().ToArray();
        return RocAuc(margin, truth.cpu().data<long>().ToArray());
    }

    /// <summary>
    /// Area under the ROC curve of class 1 against class 0 by the rank sum (Mann and Whitney): the share of (positive, negative) pairs in
    /// which the positive scores higher, ties counted half.
    /// </summary>
    /// <param name="margin">Score of class 1 above class 0, any monotone scale.</param>
    /// <param name="truth">Class of each, 0 or 1.</param>
    /// <returns>A value in [0, 1]; NaN when a class is absent.</returns>
    public static double RocAuc(double[] margin, long[] truth)
    {
        var keys = (double[])margin.Clone();
        var sorted = (long[])truth.Clone();
        Array.Sort(keys, sorted);

        double rankSum = 0;
        long positives = 0;
        for (var start = 0; start < keys.Length;)
        {
            var end = start;
            long tied = 0;
            while (end < keys.Length && keys[end].Equals(keys[start])) { tied += sorted[end++]; }
            rankSum += tied * (start + 1 + end) / 2.0; // mean of the ranks start + 1 .. end
            positives += tied;
            start = end;
        }

        var negatives = keys.Length - positives;
        return positives == 0 || negatives == 0 ? double.NaN : (rankSum - (positives * (positives + 1) / 2.0)) / ((double)positives * negatives);
    }
}
