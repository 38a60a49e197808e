using DeepGnn.Datasets;
using DeepGnn.Sampling;

namespace DeepGnn.Tests.Sampling;

public sealed class DisjointBatchTests
{
    [Fact]
    public void Graphs_stand_side_by_side_with_their_own_edges_and_features()
    {
        var samples = Samples(4, features: 3);

        var batch = DisjointBatch.Of([samples[2], samples[0]]);

        var shift = samples[2].Graph.NodeCount;
        Assert.Equal(shift + samples[0].Graph.NodeCount, batch.Graph.NodeCount);
        Assert.Equal([.. samples[2].Graph.Sources, .. samples[0].Graph.Sources.Select(node => node + shift)], batch.Graph.Sources);
        Assert.Equal([.. samples[2].Graph.Targets, .. samples[0].Graph.Targets.Select(node => node + shift)], batch.Graph.Targets);
        Assert.Equal([.. samples[2].Features.ToDense(), .. samples[0].Features.ToDense()], batch.Features.ToDense());
        Assert.Equal(Enumerable.Range(0, batch.Graph.NodeCount).Select(node => node < shift ? 0 : 1), batch.Graph.Batch!.GraphOfNode);
        Assert.Equal(2, batch.Graph.Batch!.GraphCount);
    }

    [Fact]
    public void Batches_of_an_epoch_hold_each_chosen_graph_once_the_last_one_what_is_left()
    {
        var samples = Samples(9, features: 2);

        var batches = DisjointBatch.Shuffled(samples, [0, 2, 3, 5, 6, 7, 8], batchSize: 3, seed: 1, epoch: 2).ToList();

        Assert.Equal([3, 3, 1], batches.Select(batch => batch.Samples.Count));
        Assert.Equal(["0", "2", "3", "5", "6", "7", "8"], Names(batches).Order());
        Assert.Equal(Names(batches), Names(DisjointBatch.Shuffled(samples, [0, 2, 3, 5, 6, 7, 8], 3, seed: 1, epoch: 2)));
        Assert.NotEqual(Names(batches), Names(DisjointBatch.Shuffled(samples, [0, 2, 3, 5, 6, 7, 8], 3, seed: 1, epoch: 3)));
    }

    [Fact]
    public void Features_of_different_width_and_empty_batches_are_refused()
    {
        var message = Assert.Throws<ArgumentException>(() => DisjointBatch.Of([Samples(1, 3)[0], Samples(2, 4)[1]])).Message;

        Assert.Equal("graph 1: found 4 features, needed 3 as graph 0 has", message);
        Assert.Throws<ArgumentException>(() => DisjointBatch.Of([]));
        Assert.Throws<ArgumentException>(() => DisjointBatch.Shuffled(Samples(1, 1), [0], 0, 0, 0).ToList());
    }

    private static IEnumerable<string> Names(IEnumerable<DisjointBatch> batches) =>
        batches.SelectMany(batch => batch.Samples.Select(sample => sample.Name));

    private static List<GraphSample> Samples(int count, int features) =>
    [
        .. Enumerable.Range(0, count).Select(g =>
        {
            var graph = RandomGraph.Of(5 + g, 12, seed: g);
            var values = Enumerable.Range(0, graph.NodeCount * features).Select(i => i % 3 == 0 ? 0f : i + (100 * g)).ToArray();
            return new GraphSample($"{g}", graph, FeatureMatrix.FromDense(graph.NodeCount, features, values));
        }),
    ];
}
