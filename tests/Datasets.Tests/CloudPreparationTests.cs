using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;

namespace Datasets.Tests;

public sealed class CloudPreparationTests
{
    private static readonly PointCloudDataset Two = new()
    {
        Name = "two",
        Clouds =
        [
            new("a", [0, 0, 5, 2, 4, 7, 1, 1, 6], new(3, 2, [1, 9, 3, 9, 5, 9])) { PointLabels = [0, 1, 0], Label = 0 },
            new("b", [1, 1, 1, 3, 3, 2], new(2, 2, [100, 9, 3, 8])) { PointLabels = [1, 1], Label = 1 },
        ],
        FeatureNames = ["height", "constant"],
        ClassNames = ["x", "y"],
        Segmentation = true,
        Splits = [new([0], [1], [1])],
    };

    [Fact]
    public void Features_are_scaled_by_the_clouds_that_train_and_places_follow_them()
    {
        var prepared = Two.Prepared([0]);
        Assert.Equal(["height", "constant", "place x", "place y", "place z"], prepared.FeatureNames);
        var deviation = (float)Math.Sqrt(8.0 / 3);
        Assert.Equal([-2 / deviation, 0, 0, 0, 0], prepared.Clouds[0].Features.Row(0).ToArray(), Near);
        Assert.Equal([0, 0, 1, 1, 1], prepared.Clouds[0].Features.Row(1).ToArray(), Near);
        Assert.Equal([2 / deviation, 0, 0.5f, 0.25f, 0.5f], prepared.Clouds[0].Features.Row(2).ToArray(), Near);
        Assert.Equal([97 / deviation, 0, 0, 0, 0], prepared.Clouds[1].Features.Row(0).ToArray(), Near);
        Assert.Equal([0, 0, 0, 2, 4, 2, 1, 1, 1], prepared.Clouds[0].Positions);
    }

    [Fact]
    public void Blocks_that_were_cut_keep_their_positions_and_their_places()
    {
        var cut = Two with
        {
            Cut = true,
            FeatureNames = ["height", "constant", "room x", "room y", "room z"],
            Clouds = [.. Two.Clouds.Select(cloud => cloud with { Features = new(cloud.PointCount, 5, [.. Enumerable.Repeat(new[] { 1f, 2f, 0.1f, 0.2f, 0.3f }, cloud.PointCount).SelectMany(row => row)]) })],
        };
        var prepared = cut.Prepared([0]);
        Assert.Equal([0, 0, 0.1f, 0.2f, 0.3f], prepared.Clouds[1].Features.Row(1).ToArray());
        Assert.Equal(Two.Clouds[0].Positions, prepared.Clouds[0].Positions);
        Assert.Equal(5, prepared.FeatureNames.Count);
    }

    [Fact]
    public void Clouds_to_be_classified_come_into_the_unit_ball()
    {
        var prepared = (Two with { Segmentation = false }).Prepared([0]);
        Assert.Equal(["height", "constant"], prepared.FeatureNames);
        Assert.Equal([-2f / 3, -2f / 3, -1f / 3, 2f / 3, 2f / 3, 1f / 3], prepared.Clouds[1].Positions, Near);
    }

    private static bool Near(float a, float b) => MathF.Abs(a - b) < 1e-5f;
}
