using Contracts;

namespace DeepGnn.Training;

/// <summary>The learning rate of an epoch, a function of the spec, the epoch and how often a plateau has reduced it.</summary>
public static class LearningRates
{
    /// <summary>
    /// With η the spec's rate, e the epoch from 1, w the warm-up epochs: η; step η·f^⌊(e−1)/s⌋; cosine min + (η − min)(1 + cos π(e−1−w)/(E−w))/2
    /// from epoch w + 1 on (Loshchilov and Hutter, arXiv 1608.03983, without restarts); plateau max(min, η·f^reductions). In the first w
    /// epochs it is multiplied by e/(w + 1).
    /// </summary>
    /// <param name="training">Rate and schedule.</param>
    /// <param name="epoch">e ≥ 1.</param>
    /// <param name="reductions">Plateau: reductions so far.</param>
    public static double At(TrainingSpec training, int epoch, int reductions = 0)
    {
        var schedule = training.Schedule;
        var (rate, warmup, lowest) = (training.LearningRate, schedule.WarmupEpochs, schedule.MinLearningRate);
        var planned = schedule.Kind switch
        {
            ScheduleKind.Step => rate * Math.Pow(schedule.Factor, (epoch - 1) / schedule.StepEpochs),
            ScheduleKind.Cosine => Cosine(rate, lowest, epoch - 1 - warmup, training.Epochs - warmup),
            ScheduleKind.Plateau => Math.Max(Math.Min(rate, lowest), rate * Math.Pow(schedule.Factor, reductions)),
            _ => rate,
        };
        return epoch <= warmup ? planned * epoch / (warmup + 1) : planned;
    }

    private static double Cosine(double rate, double lowest, int done, int all) =>
        done <= 0 || all <= 0 ? rate : lowest + ((rate - lowest) * (1 + Math.Cos(Math.PI * done / all)) / 2);
}
