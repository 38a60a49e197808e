using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Graphs;

public sealed class KnnGraphTests
{
    [Theory]
    [InlineData(3, true)]
    [InlineData(3, false)]
    [InlineData(20, false)]
    public void Neighbours_equal_sorting_all_distances(int channels, bool loop)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(channels);
        var points = randn(120, channels, float64);
        var clouds = new GraphBatch([.. Enumerable.Range(0, 120).Select(i => i < 50 ? 0 : 1)]);

        var graph = KnnGraph.Of(points, 7, loop, clouds);

        for (var i = 0; i < 120; i++)
        {
            var own = Enumerable.Range(0, 120).Where(j => clouds.GraphOfNode[j] == clouds.GraphOfNode[i] && (loop || j != i));
            var expected = own.OrderBy(j => (points[i] - points[j]).square().sum().item<double>()).Take(7).ToArray();
            Assert.Equal(expected, graph.Sources[(i * 7)..((i + 1) * 7)]);
            Assert.All(graph.Targets[(i * 7)..((i + 1) * 7)], target => Assert.Equal(i, target));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void Float32_finds_the_neighbours_of_float64(int channels)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(channels);
        var points = randn(500, channels, float64);

        var exact = KnnGraph.Of(points, 9).Sources;
        var found = KnnGraph.Of(points.to(ScalarType.Float32), 9).Sources;

        // Rounding may swap two neighbours that are as good as equally far.
        Assert.True(exact.Zip(found).Count(pair => pair.First != pair.Second) < exact.Length / 100);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(6, 2)]
    [InlineData(9, 1)]
    [InlineData(20, 1)]
    [InlineData(20, 9)]
    public void Ties_go_to_the_smaller_index_whichever_way_neighbours_are_found(int channels, int dilation)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(channels);

        AssertDilated(randint(0, channels > 16 ? 2 : 4, [1500, channels], float32), 8, dilation);
    }

    [Theory]
    [InlineData(2300, 4, 250, ScalarType.Float32)] // more candidates than are held at once, in both types
    [InlineData(1500, 4, 300, ScalarType.Float64)]
    [InlineData(1500, 8, 9, ScalarType.Float64)]
    [InlineData(193, 5, 3, ScalarType.Float32)] // a last block of one point
    [InlineData(385, 16, 24, ScalarType.Float32)]
    public void Ties_go_to_the_smaller_index_however_points_meet(int count, int k, int dilation, ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(count);
        var points = randint(0, 3, [count, 20], type);

        AssertDilated(points, k, dilation);
    }

    [Fact]
    public void A_sample_nearer_than_the_rest_does_not_hide_neighbours()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var points = randint(1, 4, [2048, 20], float32);
        points[arange(0, 2048, 8)] = zeros(256, 20); // every eighth: those from which is guessed how near the nearest are

        AssertDilated(points, 4, 100);
    }

    // Distances of whole numbers are exact.
    private static void AssertDilated(Tensor points, int k, int dilation)
    {
        var (x, count) = (points.to(float64), (int)points.shape[0]);
        var distances = x.square().sum(dim: 1).unsqueeze(0) - (2 * x.matmul(x.t())); // without |x|² of the centre
        var order = ((distances * 4096) + arange(count, float64)).argsort(1).data<long>().ToArray();

        var sources = KnnGraph.Dilated(points, k, dilation).Sources;

        for (var i = 0; i < count; i++)
        {
            for (var r = 0; r < k; r++) { Assert.Equal(order[(i * count) + (r * dilation)], sources[(i * k) + r]); }
        }
    }

    [Fact]
    public void A_point_is_not_its_own_neighbour_in_many_dimensions()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var points = randn(1200, 24);

        var (with, without) = (KnnGraph.Of(points, 6, loop: true).Sources, KnnGraph.Of(points, 5).Sources);

        for (var i = 0; i < 1200; i++)
        {
            Assert.Equal(i, with[i * 6]);
            Assert.Equal(with[((i * 6) + 1)..((i * 6) + 6)], without[(i * 5)..((i * 5) + 5)]);
        }
    }

    [Fact]
    public void Neighbours_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        random.manual_seed(1);
        var (few, many) = (randn(2000, 3), randn(2000, 48));
        (int[], int[]) Run(int count)
        {
            set_num_threads(count);
            return (KnnGraph.Of(few, 5).Sources, KnnGraph.Dilated(many, 9, 14).Sources);
        }

        try { Assert.Equivalent(Run(1), Run(2)); }
        finally { set_num_threads(threads); }
    }

    [Fact]
    public void Points_all_at_one_place_are_each_others_neighbours()
    {
        using var points = zeros(3000, 3);

        Assert.Equal([0, 1, 2, 3], KnnGraph.Of(points, 4, loop: true).Sources[^4..]);
        Assert.Equal([0, 1, 2, 3], KnnGraph.Of(points, 4).Sources[^4..]);
    }

    [Fact]
    public void Small_clouds_give_the_neighbours_they_have()
    {
        using var points = tensor(new double[] { 0, 1, 3 }, 3, 1);
        var graph = KnnGraph.Of(points, 5);

        Assert.Equal([1, 2, 0, 2, 1, 0], graph.Sources);
        Assert.Equal([0, 0, 1, 1, 2, 2], graph.Targets);
    }

    [Fact]
    public void Dilation_keeps_every_dth_of_the_nearest()
    {
        using var points = tensor(new double[] { 0, 1, 2.1, 3.3, 4.6, 6 }, 6, 1);

        Assert.Equal([0, 3], KnnGraph.Dilated(points, 2, 3).Sources[..2]);
    }

    [Fact]
    public void More_dilated_neighbours_than_points_is_an_error_with_both_numbers()
    {
        using var points = zeros(10, 3);
        var error = Assert.Throws<ArgumentException>(() => KnnGraph.Dilated(points, 4, 3));

        Assert.Contains("10 points", error.Message);
        Assert.Contains("4·3 = 12", error.Message);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.2)]
    [InlineData(1.0)]
    public void Random_ranks_come_with_their_probability_and_only_while_training(double epsilon)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        var points = randn(40, 3);
        var neighbors = new DilatedKnn(4, 3, epsilon);
        var regular = KnnGraph.Dilated(points, 4, 3).Sources;

        var drawn = Enumerable.Range(0, 200).Count(_ => !neighbors.Build(points, null, training: true).Sources.SequenceEqual(regular));

        Assert.InRange(drawn, (200 * epsilon) - 20, (200 * epsilon) + 20);
        Assert.Equal(regular, neighbors.Build(points, null, training: false).Sources);
    }

    [Fact]
    public void Ball_keeps_the_nearest_points_within_its_radius()
    {
        using var points = tensor(new double[] { 0, 1, 1.5, 4 }, 4, 1);
        var graph = KnnGraph.Ball(points, 1.5, most: 2);

        Assert.Equal([1, 2, 2, 0, 1, 0], graph.Sources);
        Assert.Equal([0, 0, 1, 1, 2, 2], graph.Targets);
    }

    [Fact]
    public void Points_that_are_not_finite_are_refused()
    {
        using var points = tensor(new[] { 0, double.NaN }, 2, 1);

        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => KnnGraph.Of(points, 1)).Message);
    }
}
