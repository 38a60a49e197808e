using Contracts;
using DeepGnn.Training;

namespace Training.Tests;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData(ScheduleKind.Constant, 1, 0.1)]
    [InlineData(ScheduleKind.Constant, 100, 0.1)]
    [InlineData(ScheduleKind.Step, 10, 0.1)]
    [InlineData(ScheduleKind.Step, 11, 0.05)]
    [InlineData(ScheduleKind.Step, 21, 0.025)]
    [InlineData(ScheduleKind.Cosine, 1, 0.1)]
    [InlineData(ScheduleKind.Cosine, 51, 0.055)]
    [InlineData(ScheduleKind.Cosine, 100, 0.01 + (0.09 * (1 + -0.99950656036) / 2))]
    public void The_rate_follows_its_formula(ScheduleKind kind, int epoch, double expected)
    {
        var training = new TrainingSpec
        {
            Epochs = 100, LearningRate = 0.1, Schedule = new() { Kind = kind, StepEpochs = 10, Factor = 0.5, MinLearningRate = 0.01 },
        };
        Assert.Equal(expected, LearningRates.At(training, epoch), 10);
    }

    [Fact]
    public void A_plateau_reduces_down_to_its_floor_and_warm_up_rises_to_the_rate()
    {
        var training = new TrainingSpec
        {
            LearningRate = 0.1, Schedule = new() { Kind = ScheduleKind.Plateau, Factor = 0.1, MinLearningRate = 0.005, WarmupEpochs = 3 },
        };
        Assert.Equal([0.1, 0.01, 0.005, 0.005], Enumerable.Range(0, 4).Select(reductions => Math.Round(LearningRates.At(training, 50, reductions), 12)));
        Assert.Equal([0.025, 0.05, 0.075, 0.1], Enumerable.Range(1, 4).Select(epoch => Math.Round(LearningRates.At(training, epoch), 12)));
    }

    [Fact]
    public void Cosine_starts_after_the_warm_up()
    {
        var training = new TrainingSpec { Epochs = 14, LearningRate = 1, Schedule = new() { Kind = ScheduleKind.Cosine, WarmupEpochs = 4 } };
        Assert.Equal([0.2, 0.4, 0.6, 0.8, 1.0], Enumerable.Range(1, 5).Select(epoch => Math.Round(LearningRates.At(training, epoch), 12)));
        Assert.Equal(0.5, LearningRates.At(training, 10), 12);
    }
}
