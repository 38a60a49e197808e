using System.IO.Compression;
using System.Text;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

/// <summary>Small sets in the benchmark's folders; its own files are too large to keep.</summary>
public sealed class OgbReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_packed_set_gives_graph_features_labels_and_split()
    {
        WriteArxiv();
        var set = NodeDatasets.Load(new() { Dataset = "ogbn-arxiv", RowNormalize = false }, [_folder.Path]);
        Assert.Equal([(1, 0), (0, 1), (2, 1), (1, 2), (3, 2), (2, 3)], set.Graph.Sources.Zip(set.Graph.Targets));
        Assert.Equal([0.5f, -1, 0, 2, 1, 1, 3, 0], set.Features.ToDense());
        Assert.Equal([0, 1, 2, 1], set.Labels);
        Assert.Equal([0, 3, 1, 2], [.. set.Splits[0].Train, .. set.Splits[0].Valid, .. set.Splits[0].Test]);
        Assert.Equal(2, set.Splits[0].Train.Length);
    }

    [Fact]
    public void Edge_features_follow_their_edges_and_stand_in_for_node_features()
    {
        WriteProteins();
        var set = NodeDatasets.LoadMultiLabel(new() { Dataset = "ogbn-proteins", RowNormalize = false }, [_folder.Path]);
        Assert.Equal([(1, 0), (2, 0), (0, 1), (0, 2)], set.Graph.Sources.Zip(set.Graph.Targets));
        Assert.Equal([3, 4, 1, 2, 3, 4, 1, 2], set.EdgeFeatures!.Values);
        Assert.Equal([2, 3, 3, 4, 1, 2], set.Features.ToDense());
        Assert.Equal((3, 2), (set.Targets!.RowCount, set.Targets.ColumnCount));
        Assert.Equal([0, 1, 1, 1, 0, 0], set.Targets.Values);
        Assert.Equal(Metric.RocAuc, set.Metric);
        Assert.Empty(set.Labels);
    }

    [Fact]
    public void A_set_of_several_labels_is_not_taken_for_one_of_classes()
    {
        var error = Assert.Throws<DataSpecException>(() => NodeDatasets.Load(new() { Dataset = "ogbn-proteins" }, [_folder.Path]));
        Assert.Equal("$.data.dataset: found \"ogbn-proteins\" for multi-label node classification, needed a set for node classification", error.Message);
    }

    [Theory]
    [InlineData("raw/edge.csv.gz", "0,1\n1,4\n2,3\n", "line 2: found \"4\", needed a whole number from 0 to 3")]
    [InlineData("raw/edge.csv.gz", "0,1\n1,2\n", "found 2 edges, needed 3")]
    [InlineData("raw/edge.csv.gz", "0,1,2\n", "line 1: found 3 numbers, needed 2")]
    [InlineData("raw/node-feat.csv.gz", "1,2\n1,2\n1,2\n", "found 3 rows, needed 4")]
    [InlineData("raw/node-feat.csv.gz", "1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n", "found more than 4 rows, needed 4")]
    [InlineData("raw/node-feat.csv.gz", "1,2\n1,2\n1\n1,2\n", "line 3: found 1 numbers, needed 2")]
    [InlineData("raw/node-feat.csv.gz", "1,2\n1,nan\n1,2\n1,2\n", "line 2: found \"nan\", needed a finite number")]
    [InlineData("raw/node-label.csv.gz", "0\n1\n0.5\n1\n", "node 2: found label 0.5, needed a whole number from 0 to 1000000, or -1 for none")]
    [InlineData("raw/num-node-list.csv.gz", "4\n4\n", "found more than 1 rows, needed 1")]
    [InlineData("split/time/test.csv.gz", "4\n", "line 1: found \"4\", needed a whole number from 0 to 3")]
    public void A_file_that_does_not_fit_is_refused(string file, string content, string message)
    {
        WriteArxiv();
        Write("ogbn_arxiv/" + file, content);
        var found = Assert.Throws<DataException>(() => NodeDatasets.Load(new() { Dataset = "ogbn-arxiv" }, [_folder.Path])).Message;
        Assert.Equal($"{_folder.File("ogbn_arxiv/" + file)}: {message}", found);
    }

    [Fact]
    public void A_line_without_end_is_refused_before_memory_is_full()
    {
        WriteArxiv();
        var path = _folder.File("ogbn_arxiv/raw/node-feat.csv.gz");
        using (var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest))
        {
            var zeros = Encoding.ASCII.GetBytes(new string('0', 1 << 20));
            for (var i = 0; i < 40; i++) { gzip.Write(zeros); }
        }

        Assert.EndsWith("found a line of more than 16777216 characters", Assert.Throws<DataException>(() => NodeDatasets.Load(new() { Dataset = "ogbn-arxiv" }, [_folder.Path])).Message);
    }

    private void WriteArxiv()
    {
        Write("ogbn_arxiv/raw/num-node-list.csv.gz", "4\n");
        Write("ogbn_arxiv/raw/num-edge-list.csv.gz", "3\n");
        Write("ogbn_arxiv/raw/edge.csv.gz", "0,1\n1,2\n3,2\n");
        Write("ogbn_arxiv/raw/node-feat.csv.gz", "0.5,-1\n0,2\n1.0,1\n3,0\n");
        Write("ogbn_arxiv/raw/node-label.csv.gz", "0\n1\n2\n1\n");
        Write("ogbn_arxiv/split/time/train.csv.gz", "0\n3\n");
        Write("ogbn_arxiv/split/time/valid.csv.gz", "1\n");
        Write("ogbn_arxiv/split/time/test.csv.gz", "2\n");
    }

    private void WriteProteins()
    {
        Write("ogbn_proteins/raw/num-node-list.csv.gz", "3\n");
        Write("ogbn_proteins/raw/edge.csv.gz", "0,2\n0,1\n");
        Write("ogbn_proteins/raw/edge-feat.csv.gz", "1,2\n3,4\n");
        Write("ogbn_proteins/raw/node-label.csv.gz", "0,1\n1,1\n0,0\n");
        Write("ogbn_proteins/split/species/train.csv.gz", "0\n");
        Write("ogbn_proteins/split/species/valid.csv.gz", "1\n");
        Write("ogbn_proteins/split/species/test.csv.gz", "2\n");
    }

    private void Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        using var gzip = new GZipStream(File.Create(_folder.File(name)), CompressionLevel.Optimal);
        gzip.Write(Encoding.ASCII.GetBytes(content));
    }
}
