using DeepGnn.Training;

namespace DeepGnn.Tests.Training;

public sealed class ConfusionMatrixTests
{
    public static TheoryData<int, long[], long[], double, double, double> Tables() => new()
    {
        // classes, labels, predictions, accuracy, mean class accuracy, mean IoU
        { 2, [0, 0, 1, 1], [0, 0, 1, 1], 1, 1, 1 },
        { 2, [0, 0, 1, 1], [1, 1, 0, 0], 0, 0, 0 },
        { 2, [0, 0, 0, 1], [0, 0, 1, 1], 0.75, (2.0 / 3 + 1) / 2, ((2.0 / 3) + (1.0 / 2)) / 2 },
        // Class 2 neither occurs nor is predicted: no share of its own, and 1 in the mean IoU.
        { 3, [0, 1, 1, 1], [0, 0, 1, 1], 0.75, (1 + (2.0 / 3)) / 2, ((1.0 / 2) + (2.0 / 3) + 1) / 3 },
        // Class 2 is predicted but does not occur: its IoU is 0.
        { 3, [0, 1], [0, 2], 0.5, 0.5, 1.0 / 3 },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void Figures_equal_those_worked_by_hand(int classes, long[] labels, long[] predictions, double accuracy, double classAccuracy, double iou)
    {
        var matrix = new ConfusionMatrix(classes);
        matrix.Add(predictions, labels);

        Assert.Equal(accuracy, matrix.Accuracy, 1e-12);
        Assert.Equal(classAccuracy, matrix.MeanClassAccuracy, 1e-12);
        Assert.Equal(iou, matrix.MeanIntersectionOverUnion, 1e-12);
    }

    [Fact]
    public void Batches_add_up_to_the_whole_set_instead_of_being_averaged()
    {
        var (parts, whole) = (new ConfusionMatrix(2), new ConfusionMatrix(2));
        parts.Add([0, 0, 0], [0, 0, 1]);
        parts.Add([1], [0]);
        whole.Add([0, 0, 0, 1], [0, 0, 1, 0]);

        Assert.Equal(whole.MeanIntersectionOverUnion, parts.MeanIntersectionOverUnion);
        Assert.Equal(0.5, parts.IntersectionOverUnion(0));
        Assert.Equal(0, parts.IntersectionOverUnion(1));
        Assert.Equal((4, 1, 1), (parts.Total, parts[0, 1], parts[1, 0]));
    }

    [Fact]
    public void Nothing_added_and_a_class_without_union_give_NaN()
    {
        var matrix = new ConfusionMatrix(3);
        Assert.All([matrix.Accuracy, matrix.MeanClassAccuracy, matrix.MeanIntersectionOverUnion], value => Assert.Equal(double.NaN, value));
        matrix.Add([0], [0]);
        Assert.Equal(double.NaN, matrix.IntersectionOverUnion(2));
    }

    [Fact]
    public void A_class_out_of_range_is_refused_and_nothing_is_counted()
    {
        var matrix = new ConfusionMatrix(3);
        Assert.Equal("label 1: found class -1, needed 0 to 2", Assert.Throws<ArgumentException>(() => matrix.Add([0, 0], [0, -1])).Message);
        Assert.Equal("prediction 0: found class 3, needed 0 to 2", Assert.Throws<ArgumentException>(() => matrix.Add([3], [0])).Message);
        Assert.Equal("found 1 predictions and 2 labels, needed as many of each", Assert.Throws<ArgumentException>(() => matrix.Add([0], [0, 1])).Message);
        Assert.Equal(0, matrix.Total);
    }
}
