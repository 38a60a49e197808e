using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using Testing;

namespace Datasets.Tests;

public sealed class PointCloudSetTests
{
    [Fact]
    public void The_aerial_tile_has_the_counts_of_its_source()
    {
        TestFolders.RequireData("ign_lidar");
        var set = Load("ign-lidar");
        Assert.Equal([29_593, 34_316, 6_931], Enumerable.Range(0, 3).Select(c => set.Clouds.Sum(cloud => cloud.PointLabels!.Count(label => label == c))));
        Assert.Equal((10, 7), (set.Clouds.Count, set.FeatureNames.Count));
        Assert.Equal(99.98f, set.Clouds.Max(cloud => cloud.Positions.Where((_, k) => k % 3 == 0).Max()), 1e-3);
        foreach (var part in new[] { set.Splits[0].Train, set.Splits[0].Valid, set.Splits[0].Test })
        {
            Assert.Equal([0, 1, 2], part.SelectMany(strip => set.Clouds[strip].PointLabels!).Distinct().Order());
        }
    }

    [Fact]
    public void The_aerial_tile_equals_its_plain_copy()
    {
        var las = LasReader.Read(TestFolders.RequireData("ign_lidar", "870000_6618000.subset.50mx100m.las"));
        var plain = PointTableReader.Read(TestFolders.RequireData("ign_lidar", "plain", "points.npy"), features: 7, labelled: true);
        Assert.Equal(plain.PointLabels, las.PointLabels);
        Assert.All(plain.Positions.Zip(las.Positions), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
        Assert.All(plain.Features.Values.Zip(las.Features.Values), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
    }

    [Fact]
    public void The_table_scenes_have_the_counts_of_their_source()
    {
        TestFolders.RequireData("mosd");
        var set = Load("mosd");
        Assert.Equal((22, 22 * 16_384), (set.Clouds.Count, set.Clouds.Sum(cloud => cloud.PointCount)));
        Assert.Equal((8, 2, 12), (set.Splits[0].Train.Length, set.Splits[0].Valid.Length, set.Splits[0].Test.Length));
        Assert.All(set.Clouds, cloud => Assert.Equal(2, cloud.PointLabels!.Distinct().Count()));
    }

    [Fact]
    public void Rooms_have_every_part_and_stay_within_their_walls()
    {
        var set = Load("rooms");
        Assert.Equal(DatasetCatalog.Find("rooms")!.Nodes, set.Clouds.Sum(cloud => cloud.PointCount));
        Assert.Equal((18, 6, 6), (set.Splits[0].Train.Length, set.Splits[0].Valid.Length, set.Splits[0].Test.Length));
        foreach (var part in new[] { set.Splits[0].Train, set.Splits[0].Valid, set.Splits[0].Test })
        {
            Assert.Equal(Enumerable.Range(0, 7), part.SelectMany(room => set.Clouds[room].PointLabels!).Distinct().Order());
        }

        foreach (var room in set.Clouds)
        {
            float Height(int label) => room.Positions.Where((_, k) => k % 3 == 2 && room.PointLabels![k / 3] == label).Average();
            Assert.Equal(0, Height(0), 0.01f);
            Assert.InRange(Height(1), 2.39f, 3.41f);
            Assert.All(room.Positions, value => Assert.InRange(value, -0.1f, 8.1f));
        }
    }

    [Fact]
    public void Rooms_are_the_same_for_the_same_seed_only()
    {
        var (first, again, other) = (Rooms(1), Rooms(1), Rooms(2));
        Assert.Equal(first.Clouds[3].Positions, again.Clouds[3].Positions);
        Assert.NotEqual(first.Clouds[3].Positions, other.Clouds[3].Positions);
        Assert.NotEqual(first.Clouds[3].Positions, first.Clouds[4].Positions);
    }

    [Fact]
    public void Furniture_of_a_room_does_not_overlap()
    {
        // In the plan of the room, no cell of 1 cm holds points of two kinds of furniture.
        foreach (var room in IndoorRooms.Make(new() { Rooms = 20, Points = 20_000, Noise = 0 }).Clouds)
        {
            var cells = Enumerable.Range(0, room.PointCount).Where(i => room.PointLabels![i] >= 3)
                .GroupBy(i => ((int)(room.Positions[3 * i] / 0.01), (int)(room.Positions[(3 * i) + 1] / 0.01)));
            var clashes = cells.Count(cell => cell.Select(i => room.PointLabels![i]).Distinct().Count() > 1);
            Assert.Equal(0, clashes);
        }
    }

    [Theory]
    [InlineData(4, 1_000)]
    [InlineData(5, 10)]
    [InlineData(10_000, 1_000_000)]
    public void Rooms_of_an_absurd_size_are_refused(int rooms, int points) =>
        Assert.Throws<DataSpecException>(() => IndoorRooms.Make(new() { Rooms = rooms, Points = points }));

    [Fact]
    public void A_set_for_another_task_is_refused()
    {
        Assert.EndsWith("found \"karate\" for node classification, needed a set for point-cloud segmentation or point-cloud classification", Assert.Throws<DataSpecException>(() => Load("karate")).Message);
        Assert.EndsWith("found \"rooms\" for point-cloud segmentation, needed a set for node classification", Assert.Throws<DataSpecException>(() => NodeDatasets.Load(new() { Dataset = "rooms" }, [])).Message);
    }

    private static PointCloudDataset Rooms(int seed) => IndoorRooms.Make(new() { Rooms = 5, Points = 512, Seed = seed });

    private static PointCloudDataset Load(string name) => PointCloudDatasets.Load(new() { Dataset = name }, [TestFolders.Data]);
}
