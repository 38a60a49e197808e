using Contracts;
using TorchSharp.Modules;

namespace DeepGnn.Training;

/// <summary>From the words of a spec to an optimiser.</summary>
internal static class Optimizers
{
    /// <summary>One group for each amount of weight decay; a parameter's group does not depend on the order in which groups are asked for.</summary>
    public static OptimizerHelper Create(TrainingSpec training, LearningTask task)
    {
        var first = task.FirstLayerParameters().ToHashSet();
        var backbone = task.BackboneParameters().ToHashSet();
        double Decay(Parameter parameter) =>
            training.WeightDecayScope == WeightDecayScope.FirstLayer && !first.Contains(parameter) ? 0
            : backbone.Contains(parameter) ? training.BackboneWeightDecay ?? training.WeightDecay
            : training.WeightDecay;
        var groups = task.Model.parameters().Where(parameter => parameter.requires_grad).GroupBy(Decay).ToList();
        var (rate, momentum) = (training.LearningRate, training.Momentum);
        return training.Optimizer switch
        {
            Optimizer.Adam => new Adam(groups.Select(g => new Adam.ParamGroup(g, rate, weight_decay: g.Key)), rate),
            Optimizer.AdamW => new AdamW(groups.Select(g => new AdamW.ParamGroup(g, rate, weight_decay: g.Key)), rate),
            Optimizer.Sgd => new SGD(groups.Select(g => new SGD.ParamGroup(g, rate, momentum, weight_decay: g.Key)), rate),
            Optimizer.RmsProp => new RMSProp(groups.Select(g => new RMSProp.ParamGroup(g, rate, momentum: momentum, weight_decay: g.Key)), rate),
            var unknown => throw new ArgumentOutOfRangeException(nameof(training), unknown, "no such optimiser"),
        };
    }
}
