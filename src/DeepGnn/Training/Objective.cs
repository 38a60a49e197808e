using Contracts;
using DeepGnn.Datasets;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>
/// The loss that is minimised. One class a sample: cross-entropy, the target's probability mixed with a uniform one (label smoothing,
/// Szegedy et al., arXiv 1512.00567, section 7), samples weighted by class. Several labels a sample: binary cross-entropy, the positives of
/// each label weighted. In nats; a (weighted) mean over the samples.
/// </summary>
public sealed class Objective : IDisposable
{
    private readonly bool _multiLabel;
    private readonly double _smoothing;
    private readonly Tensor? _weights; // [C]

    /// <summary>From the training's words and the task's counts.</summary>
    /// <exception cref="DataSpecException">As many class weights as there are no classes.</exception>
    public Objective(TrainingSpec training, TargetFacts targets, Device device)
    {
        (_multiLabel, _smoothing) = (targets.MultiLabel, training.LabelSmoothing);
        var classes = targets.TrainCounts.Count;
        if (training.ClassWeights.Count > 0 && training.ClassWeights.Count != classes)
        {
            throw new DataSpecException("$.training.classWeights", $"found {training.ClassWeights.Count} weights, needed one for each of {classes} classes");
        }

        var weights = training.BalanceClasses ? Balanced(targets) : training.ClassWeights;
        if (weights.Count > 0) { _weights = tensor(weights.Select(weight => (float)weight).ToArray()).to(device).DetachFromDisposeScope(); }
    }

    /// <summary>The loss of a batch, a scalar.</summary>
    /// <param name="scores">[n, C].</param>
    /// <param name="targets">[n] int64, or [n, C].</param>
    public Tensor Loss(Tensor scores, Tensor targets) => _multiLabel
        ? nn.functional.binary_cross_entropy_with_logits(scores, targets, pos_weights: _weights!)
        : nn.functional.cross_entropy(scores, targets, weight: _weights, label_smoothing: _smoothing);

    /// <inheritdoc />
    public void Dispose() => _weights?.Dispose();

    // A class without a train sample weighs nothing; a label without one keeps the weight 1.
    private static IReadOnlyList<double> Balanced(TargetFacts targets) => targets.MultiLabel
        ? [.. targets.TrainCounts.Select(count => count > 0 ? (targets.TrainTotal - count) / (double)count : 1)]
        : [.. targets.TrainCounts.Select(count => count > 0 ? targets.TrainTotal / ((double)targets.TrainCounts.Count * count) : 0)];
}
