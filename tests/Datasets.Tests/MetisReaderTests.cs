using System.IO.Compression;
using System.Text;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class MetisReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_packed_mesh_of_a_million_edges_has_the_counts_of_its_header()
    {
        var graph = MetisReader.Read(TestFolders.RequireData("fem_wave", "wave.graph.bz2"));
        Assert.Equal((156_317, 2 * 1_059_331), (graph.NodeCount, graph.EdgeCount));
        Assert.Equal(44, Enumerable.Range(0, graph.NodeCount).Max(graph.Incoming.Degree));
    }

    [Theory]
    [InlineData("% a comment\n4 3\n2\n1 3\n2 4\n3\n")]
    [InlineData("4 3 1\n2 9\n1 9 3 9\n2 9 4 9\n3 9\n")]
    [InlineData("4 3 011 2\n5 5 2 9\n5 5 1 9 3 9\n5 5 2 9 4 9\n5 5 3 9\n")]
    [InlineData("4 3 110 1\n7 5 2\n7 5 1 3\n7 5 2 4\n7 5 3\n\n")]
    public void Weights_and_comments_are_skipped(string content)
    {
        var graph = Read(content);
        Assert.Equal([(1, 0), (0, 1), (2, 1), (1, 2), (3, 2), (2, 3)], graph.Sources.Zip(graph.Targets));
    }

    [Theory]
    [InlineData("4 3\n2\n1 3\n2 4\n", "found 3 nodes, needed 4: the file is cut")]
    [InlineData("4 3\n2\n1 5\n2 4\n3\n", "line 3: found \"5\", needed a whole number from 1 to 4")]
    [InlineData("4 4\n2\n1 3\n2 4\n3\n", "found 6 neighbours, needed 8: twice the edges")]
    [InlineData("4 1\n2\n1 3\n2 4\n3\n", "line 3: found more than 2 neighbours, needed twice the 1 edges")]
    [InlineData("1 0\n\n2\n", "line 3: found more lines, needed 1 nodes")]
    [InlineData("4 3 7\n", "line 1: found format \"7\", needed three digits of 0 or 1")]
    [InlineData("nodes\n", "line 1: found 1 numbers, needed nodes, edges and at most format and weights")]
    [InlineData("", "found 0 nodes, needed 1: the file is cut")]
    public void A_file_that_does_not_fit_is_refused(string content, string message) =>
        Assert.Equal($"{_folder.File("a.graph")}: {message}", Assert.Throws<DataException>(() => Read(content)).Message);

    [Fact]
    public void A_packed_file_cut_or_changed_is_refused_or_read()
    {
        using (var gzip = new GZipStream(File.Create(_folder.File("a.graph.gz")), CompressionLevel.Optimal)) { gzip.Write(Encoding.ASCII.GetBytes("4 3\n2\n1 3\n2 4\n3\n")); }
        Assert.Equal(6, MetisReader.Read(_folder.File("a.graph.gz")).EdgeCount);

        var bytes = File.ReadAllBytes(TestFolders.RequireData("fem_wave", "wave.graph.bz2"))[..200_000];
        File.WriteAllBytes(_folder.File("cut.graph.bz2"), bytes);
        Assert.Throws<DataException>(() => MetisReader.Read(_folder.File("cut.graph.bz2")));

        var random = new Random(3);
        for (var i = 0; i < 20; i++)
        {
            var mutant = bytes.ToArray();
            mutant[random.Next(2_000)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_folder.File("changed.graph.bz2"), mutant);
            Assert.Throws<DataException>(() => MetisReader.Read(_folder.File("changed.graph.bz2")));
        }
    }

    private DeepGnn.Graphs.Graph Read(string content)
    {
        File.WriteAllText(_folder.File("a.graph"), content);
        return MetisReader.Read(_folder.File("a.graph"));
    }
}
