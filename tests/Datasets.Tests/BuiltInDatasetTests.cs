using Contracts;
using DeepGnn.Datasets;

namespace Datasets.Tests;

public sealed class BuiltInDatasetTests
{
    [Fact]
    public void The_karate_club_has_the_counts_and_degrees_that_Zachary_reports()
    {
        var club = NodeDatasets.Load(new() { Dataset = "karate" }, []);
        Assert.Equal((34, 2 * 78), (club.Graph.NodeCount, club.Graph.EdgeCount));
        Assert.Equal((17, 17), (club.Labels.Count(label => label == 0), club.Labels.Count(label => label == 1)));

        int[] degrees = [16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2, 2, 2, 2, 3, 2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4, 6, 12, 17];
        Assert.Equal(degrees, Enumerable.Range(0, 34).Select(club.Graph.Incoming.Degree));
        Assert.Equal((6, 8, 20), (club.Splits[0].Train.Length, club.Splits[0].Valid.Length, club.Splits[0].Test.Length));
    }

    [Fact]
    public void A_block_model_has_the_expected_degrees()
    {
        var spec = new SbmSpec { Nodes = 20_000, Classes = 4, DegreeWithin = 8, DegreeBetween = 2, Features = 3 };
        var set = Generate(spec);
        var within = set.Graph.Sources.Zip(set.Graph.Targets).Count(edge => set.Labels[edge.First] == set.Labels[edge.Second]);
        Assert.Equal(8, within / 20_000.0, 0.15);
        Assert.Equal(2, (set.Graph.EdgeCount - within) / 20_000.0, 0.1);
        Assert.All(Enumerable.Range(0, 4), c => Assert.Equal(5_000, set.Labels.Count(label => label == c)));
    }

    [Fact]
    public void A_block_model_has_features_around_means_of_the_asked_distance()
    {
        var set = Generate(new SbmSpec { Nodes = 20_000, Classes = 10, Features = 64, Separation = 5 });
        var dense = set.Features.ToDense();
        var means = Enumerable.Range(0, 10).Select(c => Enumerable.Range(0, 64).Select(f =>
            Enumerable.Range(0, 20_000).Where(i => set.Labels[i] == c).Average(i => dense[(i * 64) + f])).ToArray()).ToArray();
        var squares = from a in Enumerable.Range(0, 10) from b in Enumerable.Range(0, a) select means[a].Zip(means[b], (x, y) => (x - y) * (x - y)).Sum();
        Assert.Equal(25, squares.Average(), 3.0);

        var variance = Enumerable.Range(0, 20_000).Average(i => Math.Pow(dense[i * 64] - means[set.Labels[i]][0], 2));
        Assert.Equal(1, variance, 0.05);
    }

    [Fact]
    public void A_block_model_is_the_same_for_the_same_seed_only()
    {
        var (first, again, other) = (Generate(new() { Seed = 7 }), Generate(new() { Seed = 7 }), Generate(new() { Seed = 8 }));
        Assert.Equal(first.Graph.Sources, again.Graph.Sources);
        Assert.Equal(first.Features.Values, again.Features.Values);
        Assert.Equal(first.Splits[0].Train, again.Splits[0].Train);
        Assert.NotEqual(first.Graph.Sources, other.Graph.Sources);
        Assert.NotEqual(first.Features.Values, other.Features.Values);
        Assert.NotEqual(first.Splits[0].Train, other.Splits[0].Train);
    }

    [Theory]
    [InlineData(10, 2)]
    [InlineData(1_000, 5)]
    [InlineData(1_001, 7)]
    [InlineData(5_000, 1_000)]
    public void A_block_model_has_a_usable_split_whatever_its_size(int nodes, int classes)
    {
        var set = Generate(new() { Nodes = nodes, Classes = classes, Features = 2 });
        var split = set.Splits[0];
        Assert.Equal(nodes, split.Train.Length + split.Valid.Length + split.Test.Length);
        Assert.Equal(classes, split.Train.Select(node => set.Labels[node]).Distinct().Count());
        Assert.Equal(classes, split.Test.Select(node => set.Labels[node]).Distinct().Count());
    }

    [Fact]
    public void A_block_model_joins_everyone_when_the_degree_is_as_large_as_the_block()
    {
        var set = Generate(new() { Nodes = 10, Classes = 2, DegreeWithin = 1_000, DegreeBetween = 0 });
        Assert.Equal(2 * 5 * 4, set.Graph.EdgeCount);
    }

    [Fact]
    public void A_block_model_too_large_for_memory_is_refused()
    {
        var error = Assert.Throws<DataSpecException>(() => Generate(new() { Nodes = 1_000_000, Features = 4_096 }));
        Assert.StartsWith("$.data.sbm.features: found 1000000 nodes by 4096 features", error.Message);
    }

    private static NodeDataset Generate(SbmSpec spec) => NodeDatasets.Load(new() { Dataset = "sbm", Sbm = spec, RowNormalize = false }, []);
}
