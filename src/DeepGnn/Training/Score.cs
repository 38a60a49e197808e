using Contracts;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>Loss and metrics of one split.</summary>
/// <param name="Loss">Mean cross-entropy in nats, without smoothing or class weights; NaN for an empty split.</param>
/// <param name="Metric">The task's first metric, in [0, 1]; NaN where it is not defined.</param>
/// <param name="Further">Its other metrics by name.</param>
public sealed record Score(double Loss, double Metric, IReadOnlyDictionary<string, double> Further)
{
    private static readonly Dictionary<string, double> Nothing = [];

    /// <summary>A split that was not evaluated.</summary>
    public static Score None { get; } = new(double.NaN, double.NaN, Nothing);

    /// <summary>Scores the predictions for some samples.</summary>
    /// <param name="scores">Class scores [n, C].</param>
    /// <param name="targets">Classes [n], int64, or yes-or-no labels [n, C].</param>
    /// <param name="metrics">Names of <see cref="Metrics"/>, the first metric first.</param>
    public static Score Of(Tensor scores, Tensor targets, IReadOnlyList<string> metrics)
    {
        if (scores.shape[0] == 0) { return None; }

        using var scope = NewDisposeScope();
        var loss = targets.dim() == 1
            ? nn.functional.cross_entropy(scores, targets)
            : nn.functional.binary_cross_entropy_with_logits(scores, targets);
        var figures = metrics.ToDictionary(name => name, name => Figure(name, scores, targets));
        var first = figures[metrics[0]];
        return new(loss.ToDouble(), first, metrics.Count == 1 ? Nothing : figures);
    }

    private static double Figure(string metric, Tensor scores, Tensor targets) => metric switch
    {
        Metrics.Accuracy => scores.argmax(1).eq(targets).to(ScalarType.Float64).mean().ToDouble(),
        Metrics.RocAuc => targets.dim() == 1 ? RocAucOfClasses(scores, targets) : RocAucOfLabels(scores, targets),
        Metrics.MicroF1 => MicroF1(scores, targets),
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "no such metric for nodes and graphs"),
    };

    private static double RocAucOfClasses(Tensor scores, Tensor targets)
    {
        var margin = (scores.select(1, 1) - scores.select(1, 0)).to(ScalarType.Float64).cpu().data<double>().ToArray();
        return RocAuc(margin, targets.cpu().data<long>().ToArray());
    }

    // As OGB has it: the mean over the labels that have positives and negatives.
    private static double RocAucOfLabels(Tensor scores, Tensor targets)
    {
        var (all, truth) = (scores.to(ScalarType.Float64).t().contiguous().cpu(), targets.to(ScalarType.Int64).t().contiguous().cpu());
        var areas = Enumerable.Range(0, (int)scores.shape[1])
            .Select(label => RocAuc(all[label].data<double>().ToArray(), truth[label].data<long>().ToArray()))
            .Where(double.IsFinite).ToList();
        return areas.Count > 0 ? areas.Average() : double.NaN;
    }

    /// <summary>2 TP / (2 TP + FP + FN) over all samples and labels; a label is predicted where its score is above 0. 1 where there is nothing to find and nothing was found.</summary>
    private static double MicroF1(Tensor scores, Tensor targets)
    {
        var (found, truth) = (scores.gt(0), targets.gt(0.5));
        double both = found.logical_and(truth).sum().ToInt64();
        double either = found.sum().ToInt64() + truth.sum().ToInt64();
        return either == 0 ? 1 : 2 * both / either;
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
