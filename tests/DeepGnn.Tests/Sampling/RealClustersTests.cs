using System.Diagnostics;
using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Sampling;
using Testing;

namespace DeepGnn.Tests.Sampling;

/// <summary>The table of docs/sampling.md: run with <c>-showLiveOutput</c> to see it.</summary>
public sealed class RealClustersTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("cora", 10, 0.80)]
    [InlineData("minesweeper", 10, 0.90)]
    [InlineData("tolokers", 10, 0.35)]
    public void Clusters_of_a_real_set_keep_far_more_edges_than_random_parts(string name, int parts, double floor)
    {
        TestFolders.RequireData();
        Compare(name, NodeDatasets.Load(new DataSpec { Dataset = name }, [TestFolders.Data]).Graph, parts, floor);
    }

    [Fact]
    public void Clusters_of_a_mesh_of_two_million_directed_edges_are_found_in_seconds()
    {
        var graph = MetisReader.Read(TestFolders.RequireData("fem_wave", "wave.graph.bz2"));

        var seconds = Compare("fem_wave", graph, parts: 64, floor: 0.9);

        Assert.InRange(seconds, 0, 60); // some 3 on a quiet machine
    }

    private double Compare(string name, Graph graph, int parts, double floor)
    {
        var watch = Stopwatch.StartNew();
        var clusters = Clusters.Of(graph, parts, seed: 0);
        var seconds = watch.Elapsed.TotalSeconds;
        var random = NodeParts.Random(graph.NodeCount, parts, seed: 0, epoch: 1);
        var largest = Enumerable.Range(0, parts).Max(part => clusters.Nodes(part).Length) * (double)parts / graph.NodeCount;
        output.WriteLine(FormattableString.Invariant(
            $"{name}: {graph.NodeCount} nodes, {graph.EdgeCount} edges, {parts} parts: random {random.ShareKept(graph):0.000}, clusters {clusters.ShareKept(graph):0.000}, two together {random.Combined(2, 0, 1).ShareKept(graph):0.000} and {clusters.Combined(2, 0, 1).ShareKept(graph):0.000}; largest part {largest:0.00} of the mean, {seconds:0.0} s"));

        Assert.InRange(clusters.ShareKept(graph), Math.Max(floor, 2 * random.ShareKept(graph)), 1);
        Assert.True(clusters.Combined(2, 0, 1).ShareKept(graph) >= clusters.ShareKept(graph));
        return seconds;
    }
}
