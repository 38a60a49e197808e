using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class SkeletonGraphTests
{
    /// <summary>Two joints in two dimensions; the second stands 2 above the first, both move right by 1 a frame.</summary>
    private static readonly SkeletonDataset Walk = new()
    {
        Name = "walk",
        JointCount = 2,
        Dimensions = 2,
        Bones = [(0, 1)],
        ClassNames = ["walk", "stand"],
        Clips = [new(3, [0, 0, 0, 2, 1, 0, 1, 2, 2, 0, 2, 2], 0), new(1, [5, 5, 5, 9], 1)],
        Splits = [new([0], [1], [1])],
    };

    [Fact]
    public void Joints_are_joined_by_bones_and_through_time_both_ways()
    {
        var graph = SkeletonGraphs.Of(Walk, frames: 3).Graphs[0].Graph;
        var edges = graph.Sources.Zip(graph.Targets).Order().ToList();
        var bones = new[] { (0, 1), (2, 3), (4, 5) };
        var time = new[] { (0, 2), (2, 4), (1, 3), (3, 5) };
        Assert.Equal(bones.Concat(time).SelectMany(edge => new[] { edge, (edge.Item2, edge.Item1) }).Order(), edges);
        Assert.Equal(6, graph.NodeCount);
    }

    [Fact]
    public void Features_are_positions_in_frame_and_clip_velocity_and_joint()
    {
        var set = SkeletonGraphs.Of(Walk, frames: 3);
        var rows = set.Graphs[0].Features.ToDense().Chunk(8).ToList();
        Assert.Equal((8, 2, GraphTarget.Graph), (set.FeatureCount, set.ClassCount, set.Target));

        // Each joint is 1 from the middle of its frame, so the unit is 1.
        Assert.Equal([0, -1, -1, -1, 1, 0, 1, 0], rows[0]);
        Assert.Equal([0, 1, 0, 1, 2, 0, 0, 1], rows[3]);
        Assert.Equal([0, 1, 1, 1, 1, 0, 0, 1], rows[5]);
        Assert.Equal([0, 1], set.Graphs.Select(graph => graph.Label!.Value));
    }

    [Fact]
    public void Clips_of_any_length_are_resampled_between_their_frames()
    {
        var set = SkeletonGraphs.Of(Walk, frames: 5);
        var across = set.Graphs[0].Features.ToDense().Chunk(8).Where((_, i) => i % 2 == 0).Select(row => row[2]);
        Assert.Equal([-1, -0.5f, 0, 0.5f, 1], across);

        // A clip of one frame stands still.
        Assert.All(set.Graphs[1].Features.ToDense().Chunk(8), row => Assert.Equal((0f, 0f), (row[4], row[5])));
        Assert.Equal(set.Graphs[1].Features.ToDense()[..16], set.Graphs[1].Features.ToDense()[64..80]);
    }

    [Fact]
    public void Place_and_size_of_a_skeleton_change_nothing()
    {
        var moved = Walk with { Clips = [new(3, [.. Walk.Clips[0].Positions.Select((value, k) => (3 * value) + (k % 2 == 0 ? 100 : -7))], 0), Walk.Clips[1]] };
        var (expected, found) = (SkeletonGraphs.Of(Walk, 4).Graphs[0].Features.ToDense(), SkeletonGraphs.Of(moved, 4).Graphs[0].Features.ToDense());
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void The_jhmdb_set_becomes_graphs_of_480_nodes()
    {
        TestFolders.RequireData("jhmdb_skeleton");
        var set = GraphCollections.Load(new() { Dataset = "jhmdb" }, [TestFolders.Data]);
        Assert.Equal((3 * 609, 21, 14), (set.Graphs.Count, set.FeatureCount, set.ClassCount));
        Assert.All(set.Graphs, sample => Assert.Equal((480, 2 * ((32 * 14) + (31 * 15))), (sample.Graph.NodeCount, sample.Graph.EdgeCount)));
        Assert.All(set.Graphs, sample => Assert.All(sample.Features.Values, value => Assert.InRange(value, -20, 20)));
    }

    [Fact]
    public void Fewer_than_two_frames_are_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => SkeletonGraphs.Of(Walk, 1));
}
