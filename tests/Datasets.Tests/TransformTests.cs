using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Graphs;

namespace Datasets.Tests;

public sealed class TransformTests
{
    private static readonly PointCloud Cloud = new("cloud", [1, 2, 3, -4, 5, 6, 7, 8, -9], new(3, 0, []));

    [Fact]
    public void An_undirected_graph_has_both_directions_once()
    {
        var graph = new Graph(4, [0, 1, 1, 2, 3], [1, 0, 0, 3, 3]).Undirected();
        Assert.Equal([(1, 0), (0, 1), (3, 2), (2, 3)], graph.Sources.Zip(graph.Targets));
    }

    [Fact]
    public void Self_loops_are_added_only_where_none_is()
    {
        var graph = new Graph(3, [1, 0], [1, 2]).WithSelfLoops();
        Assert.Equal([(1, 1), (0, 2), (0, 0), (2, 2)], graph.Sources.Zip(graph.Targets));
    }

    [Fact]
    public void Standardised_features_have_mean_0_and_deviation_1_over_the_given_rows()
    {
        var features = FeatureMatrix.FromDense(4, 3, [1, 5, 0, 3, 5, 0, 5, 5, 1, 100, 7, 0]).Standardized([0, 1, 2]).ToDense();
        var deviation = (float)Math.Sqrt(8.0 / 3);
        Assert.Equal([-2 / deviation, 0, 2 / deviation, 97 / deviation], new[] { features[0], features[3], features[6], features[9] }, (a, b) => MathF.Abs(a - b) < 1e-5f);

        // Constant over the given rows: no scale to divide by.
        Assert.Equal([0, 0, 0, 0], new[] { features[1], features[4], features[7], features[10] });
        Assert.Equal(0, features[2] + features[5] + features[8], 1e-6f);
    }

    [Fact]
    public void Scale_and_shift_act_on_each_axis_alike_for_all_points()
    {
        var scaled = Cloud.RandomScale(seed: 3);
        var shifted = Cloud.RandomShift(seed: 3);
        for (var axis = 0; axis < 3; axis++)
        {
            var factor = scaled.Positions[axis] / Cloud.Positions[axis];
            var shift = shifted.Positions[axis] - Cloud.Positions[axis];
            Assert.InRange(factor, 2 / 3f, 1.5f);
            Assert.InRange(shift, -0.2f, 0.2f);
            for (var i = 1; i < 3; i++)
            {
                Assert.Equal(factor, scaled.Positions[(3 * i) + axis] / Cloud.Positions[(3 * i) + axis], 1e-5f);
                Assert.Equal(shift, shifted.Positions[(3 * i) + axis] - Cloud.Positions[(3 * i) + axis], 1e-5f);
            }
        }

        Assert.Equal(scaled.Positions, Cloud.RandomScale(seed: 3).Positions);
        Assert.NotEqual(scaled.Positions, Cloud.RandomScale(seed: 4).Positions);
    }

    [Fact]
    public void Jitter_moves_each_coordinate_on_its_own_and_not_far()
    {
        var moves = Cloud.Jitter(seed: 1, deviation: 1).Positions.Zip(Cloud.Positions, (after, before) => after - before).ToList();
        Assert.All(moves, move => Assert.InRange(move, -0.0501f, 0.0501f));
        Assert.True(Cloud.Jitter(seed: 1).Positions.Zip(Cloud.Positions, (after, before) => after - before).Distinct().Count() == 9);
    }

    [Fact]
    public void The_unit_ball_holds_the_cloud_and_touches_it()
    {
        var ball = Cloud.ToUnitBall();
        var radii = Enumerable.Range(0, 3).Select(i => Math.Sqrt(ball.Positions[(3 * i)..((3 * i) + 3)].Sum(x => (double)x * x))).ToList();
        Assert.Equal(1, radii.Max(), 1e-6);
        Assert.All(Enumerable.Range(0, 3), axis => Assert.Equal(0, Enumerable.Range(0, 3).Sum(i => ball.Positions[(3 * i) + axis]), 1e-6f));
    }
}
