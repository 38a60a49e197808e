using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Sampling;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Sampling;

public sealed class CloudBlocksTests
{
    private static readonly PointCloudDataset Rooms = IndoorRooms.Make(new() { Rooms = 5, Points = 1_000 });

    [Theory]
    [InlineData(null, 128)]
    [InlineData(null, 300)]
    [InlineData(null, 1_000)]
    [InlineData(null, 5_000)]
    [InlineData(1.0, 64)]
    [InlineData(2.0, 50)]
    [InlineData(100.0, 333)]
    [InlineData(0.05, 16)]
    public void A_cover_scores_each_point_exactly_once(double? side, int points)
    {
        var blocks = new CloudBlocks(Rooms, new() { Points = points, Side = side }).Cover(2);
        Assert.All(blocks, block => Assert.Equal((2, points), (block.Cloud, block.Points.Length)));
        Assert.Equal(Enumerable.Range(0, 1_000), blocks.SelectMany(block => block.Points.Take(block.Scored)).Order());
    }

    [Fact]
    public void Halved_parts_are_compact_and_need_few_blocks()
    {
        var blocks = new CloudBlocks(Rooms, new() { Points = 250 }).Cover(0);
        Assert.Equal(4, blocks.Count);
        Assert.All(blocks, block => Assert.Equal((250, 250), (block.Scored, block.Points.Distinct().Count())));

        // Filled up with the surroundings, not with repeats.
        Assert.All(new CloudBlocks(Rooms, new() { Points = 400 }).Cover(0), block => Assert.Equal(400, block.Points.Distinct().Count()));
    }

    [Fact]
    public void Random_blocks_hold_the_nearest_points_in_the_plane()
    {
        foreach (var block in new CloudBlocks(Rooms, new() { Points = 100 }).Random([1, 3], count: 8, seed: 5))
        {
            var distances = Enumerable.Range(0, 1_000).Select(i => Distance(block, i)).ToArray();
            var farthest = block.Points.Max(i => distances[i]);
            Assert.Equal((100, 100), (block.Points.Distinct().Count(), block.Scored));
            Assert.Equal(100, distances.Count(d => d <= farthest));
            Assert.Contains(block.Points, i => distances[i] == 0);
        }
    }

    [Fact]
    public void A_column_is_thinned_or_its_points_repeated()
    {
        foreach (var (points, repeats) in new[] { (20, false), (900, true) })
        {
            foreach (var block in new CloudBlocks(Rooms, new() { Points = points, Side = 1.5 }).Random([0, 1, 2], count: 6, seed: 1))
            {
                var cloud = block.Of(Rooms);
                Assert.All(Enumerable.Range(0, points), i => Assert.True(Math.Abs(cloud.Positions[3 * i]) <= 0.751 && Math.Abs(cloud.Positions[(3 * i) + 1]) <= 0.751));
                Assert.Equal(repeats, block.Points.Distinct().Count() < points);
                Assert.Equal(points, block.Points.Length);
            }
        }
    }

    [Fact]
    public void Random_blocks_are_shared_out_among_the_clouds_and_follow_the_seed()
    {
        var blocks = new CloudBlocks(Rooms, new() { Points = 50 });
        IReadOnlyList<CloudBlock> Of(int seed) => blocks.Random([0, 2, 4], count: 12, seed);
        Assert.All(new[] { 0, 2, 4 }, cloud => Assert.Equal(4, Of(1).Count(block => block.Cloud == cloud)));
        Assert.Equal(Of(1).SelectMany(block => block.Points), Of(1).SelectMany(block => block.Points));
        Assert.NotEqual(Of(1).SelectMany(block => block.Points), Of(2).SelectMany(block => block.Points));
    }

    [Fact]
    public void A_block_carries_labels_and_features_of_its_points()
    {
        var block = new CloudBlocks(Rooms, new() { Points = 30 }).Random([3], count: 1, seed: 0)[0];
        var (cloud, room) = (block.Of(Rooms), Rooms.Clouds[3]);
        Assert.Equal(block.Points.Select(i => room.PointLabels![i]), cloud.PointLabels!);
        Assert.Equal(room.Features.Row(block.Points[7]).ToArray(), cloud.Features.Row(7).ToArray());
        Assert.Equal(room.Positions[(3 * block.Points[7]) + 2], cloud.Positions[(3 * 7) + 2]);
        Assert.Equal(room.Positions[3 * block.Points[7]] - block.Centre.X, cloud.Positions[3 * 7], 1e-6f);
    }

    [Fact]
    public void A_batch_puts_clouds_one_after_the_other()
    {
        using var scope = NewDisposeScope();
        var small = new PointCloud("a", [1, 2, 3, 4, 5, 6], new(2, 1, [7, 8])) { PointLabels = [1, 0] };
        var batch = CloudBatch.Of([small, small.Pick("b", [1])], CPU);
        Assert.Equal([1, 2, 3, 7, 4, 5, 6, 8, 4, 5, 6, 8], batch.Points.data<float>().ToArray());
        Assert.Equal([3, 4], batch.Points.shape);
        Assert.Equal([0, 0, 1], batch.Clouds.GraphOfNode);
        Assert.Equal([1, 0, 0], batch.Labels);
        Assert.Equal([4, 4], CloudBatch.Of([small with { Label = 4 }, small with { Label = 4 }], CPU).Labels);
    }

    [Fact]
    public void Augmentation_follows_its_seed_and_keeps_heights_when_it_only_turns()
    {
        var room = Rooms.Clouds[0];
        var turned = new CloudAugmentation { Turn = true }.Apply(room, seed: 3);
        float[] Radii(PointCloud cloud) => [.. Enumerable.Range(0, 1_000).Select(i => MathF.Sqrt((cloud.Positions[3 * i] * cloud.Positions[3 * i]) + (cloud.Positions[(3 * i) + 1] * cloud.Positions[(3 * i) + 1])))];
        Assert.All(Radii(room).Zip(Radii(turned)), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        Assert.Equal(room.Positions.Where((_, k) => k % 3 == 2), turned.Positions.Where((_, k) => k % 3 == 2));
        Assert.NotEqual(room.Positions, turned.Positions);
        Assert.Equal(turned.Positions, new CloudAugmentation { Turn = true }.Apply(room, seed: 3).Positions);
        Assert.NotEqual(turned.Positions, new CloudAugmentation { Turn = true }.Apply(room, seed: 4).Positions);
        Assert.Same(room, new CloudAugmentation().Apply(room, seed: 3));
    }

    [Theory]
    [InlineData(0, null, "points: found 0")]
    [InlineData(5, 0.0, "side: found 0")]
    [InlineData(5, double.NaN, "side: found NaN")]
    public void Absurd_blocks_are_refused(int points, double? side, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => new CloudBlocks(Rooms, new() { Points = points, Side = side })).Message);

    private static double Distance(CloudBlock block, int i)
    {
        var positions = Rooms.Clouds[block.Cloud].Positions;
        return Math.Sqrt(Math.Pow(positions[3 * i] - block.Centre.X, 2) + Math.Pow(positions[(3 * i) + 1] - block.Centre.Y, 2));
    }
}
