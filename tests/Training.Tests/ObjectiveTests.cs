using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Training.Tests;

public sealed class ObjectiveTests
{
    private static readonly double[,] Scores = { { 2, -1, 0.5 }, { 0, 1, -2 }, { 0.3, 0.2, 0.1 } };
    private static readonly long[] Classes = [0, 1, 2];

    [Fact]
    public void Cross_entropy_with_smoothing_and_class_weights_equals_the_sum_by_hand()
    {
        var training = new TrainingSpec { LabelSmoothing = 0.2, ClassWeights = [1, 2, 0.5] };
        using var objective = new Objective(training, new(false, [5, 5, 5], 15), CPU);
        var found = objective.Loss(tensor(Scores).to(float32), tensor(Classes)).ToDouble();

        double sum = 0, weights = 0;
        for (var i = 0; i < 3; i++)
        {
            var log = Enumerable.Range(0, 3).Select(c => Scores[i, c] - Math.Log(Enumerable.Range(0, 3).Sum(k => Math.Exp(Scores[i, k])))).ToArray();
            // As libtorch has it: the share of each class in the smoothed target is weighted by that class.
            sum += (0.8 * training.ClassWeights[(int)Classes[i]] * -log[Classes[i]]) + (0.2 / 3 * Enumerable.Range(0, 3).Sum(c => training.ClassWeights[c] * -log[c]));
            weights += training.ClassWeights[(int)Classes[i]];
        }

        Assert.Equal(sum / weights, found, 5);
    }

    [Fact]
    public void Balanced_classes_weigh_n_over_C_n_c()
    {
        using var balanced = new Objective(new() { BalanceClasses = true }, new(false, [2, 6, 4], 12), CPU);
        using var given = new Objective(new() { ClassWeights = [2, 12 / 18.0, 1] }, new(false, [2, 6, 4], 12), CPU);
        var (scores, targets) = (tensor(Scores).to(float32), tensor(Classes));
        Assert.Equal(given.Loss(scores, targets).ToDouble(), balanced.Loss(scores, targets).ToDouble(), 6);
    }

    [Fact]
    public void Several_labels_weigh_their_positives()
    {
        using var objective = new Objective(new() { ClassWeights = [3, 1, 1] }, new(true, [1, 1, 1], 3), CPU);
        var targets = tensor(new float[,] { { 1, 0, 1 }, { 0, 1, 0 }, { 1, 1, 0 } });
        double expected = 0;
        for (var i = 0; i < 3; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                var p = 1 / (1 + Math.Exp(-Scores[i, c]));
                expected -= targets[i, c].ToSingle() > 0 ? (c == 0 ? 3 : 1) * Math.Log(p) : Math.Log(1 - p);
            }
        }

        Assert.Equal(expected / 9, objective.Loss(tensor(Scores).to(float32), targets).ToDouble(), 5);
    }

    [Fact]
    public void Class_weights_that_do_not_fit_name_both_numbers()
    {
        var error = Assert.Throws<DataSpecException>(() => new Objective(new() { ClassWeights = [1, 1] }, new(false, [1, 1, 1], 3), CPU));
        Assert.Contains("$.training.classWeights", error.Message, StringComparison.Ordinal);
        Assert.Contains("found 2 weights, needed one for each of 3 classes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Micro_f1_and_the_area_over_labels_follow_their_definitions()
    {
        var scores = tensor(new float[,] { { 1, -1 }, { 2, 3 }, { -1, -2 } });
        var targets = tensor(new float[,] { { 1, 1 }, { 0, 1 }, { 0, 1 } });
        // Predicted: 3 labels, true: 4, both: 2.
        Assert.Equal(2 * 2 / 7.0, Score.Of(scores, targets, [Metrics.MicroF1]).Metric, 12);
        // Label 0: one positive (1) against 2 and −1: ½. Label 1 has no negatives.
        Assert.Equal(0.5, Score.Of(scores, targets, [Metrics.RocAuc]).Metric, 12);
    }
}
