using Contracts;
using TorchSharp.Modules;

namespace DeepGnn.Training;

/// <summary>From the words of a spec to an optimiser.</summary>
internal static class Optimizers
{
    public static GradientDescent Create(TrainingSpec training, LearningTask task)
    {
        var first = task.FirstLayerParameters().ToHashSet();
        var backbone = task.BackboneParameters().ToHashSet();
        double Decay(Parameter parameter) =>
            training.WeightDecayScope == WeightDecayScope.FirstLayer && !first.Contains(parameter) ? 0
            : backbone.Contains(parameter) ? training.BackboneWeightDecay ?? training.WeightDecay
            : training.WeightDecay;
        return new(
            training.Optimizer,
            task.Model.parameters().Where(parameter => parameter.requires_grad).Select(parameter => (parameter, Decay(parameter))),
            training.Momentum);
    }
}
