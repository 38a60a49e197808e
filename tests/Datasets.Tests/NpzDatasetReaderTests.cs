using System.Diagnostics;
using System.IO.Compression;
using DeepGnn.Datasets;
using DeepGnn.Datasets.Numpy;
using Testing;

namespace Datasets.Tests;

public sealed class NpzDatasetReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_heterophilous_file_gives_graph_features_labels_and_splits()
    {
        var set = Load(SmallNpz.Ring());
        Assert.Equal((6, 12), (set.Graph.NodeCount, set.Graph.EdgeCount));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (float)i), set.Features.ToDense());
        Assert.Equal([0, 1], set.Splits[0].Train);
        Assert.Equal([2, 3], set.Splits[1].Train);
        Assert.Equal([0, 1], set.Splits[1].Test);
    }

    [Fact]
    public void A_benchmark_file_gives_the_same_graph_from_compressed_rows()
    {
        var set = Load(new()
        {
            ["adj_data"] = SmallNpz.Npy("<f4", [4], new float[] { 1, 1, 0, 1 }),
            ["adj_indices"] = SmallNpz.Npy("<i4", [4], new[] { 1, 2, 2, 3 }),
            ["adj_indptr"] = SmallNpz.Npy("<i4", [10], new[] { 0, 1, 2, 4, 4, 4, 4, 4, 4, 4 }),
            ["adj_shape"] = SmallNpz.Npy("<i8", [2], new long[] { 9, 9 }),
            ["attr_data"] = SmallNpz.Npy("<f8", [3], new[] { 2.0, 3, 4 }),
            ["attr_indices"] = SmallNpz.Npy("<i4", [3], new[] { 1, 0, 0 }),
            ["attr_indptr"] = SmallNpz.Npy("<i4", [10], new[] { 0, 2, 3, 3, 3, 3, 3, 3, 3, 3 }),
            ["attr_shape"] = SmallNpz.Npy("<i8", [2], new long[] { 9, 2 }),
            ["labels"] = SmallNpz.Npy("<i8", [9], new long[] { 0, 1, 2, 0, 1, 2, 0, 1, 2 }),
        });
        Assert.Equal([(1, 0), (0, 1), (2, 1), (1, 2), (3, 2), (2, 3)], set.Graph.Sources.Zip(set.Graph.Targets));
        Assert.Equal([3, 2, 4, 0], set.Features.ToDense()[..4]);
        Assert.Equal(10, set.Splits.Count);
        Assert.All(set.Splits, split => Assert.Equal((3, 3, 3), (split.Train.Length, split.Valid.Length, split.Test.Length)));
    }

    [Fact]
    public void An_edge_out_of_range_names_file_edge_found_and_needed() =>
        Assert.EndsWith("texas.npz: edges.npy: edge [5, 1]: found 6, needed a whole number from 0 to 5",
            Refusal(("edges", SmallNpz.Npy("<i8", [6, 2], new long[] { 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6 }))));

    [Fact]
    public void A_feature_that_is_not_a_number_names_node_and_column() =>
        Assert.EndsWith("node_features.npy: feature [2, 1]: found NaN, needed a finite number",
            Refusal(("node_features", SmallNpz.Npy("<f4", [6, 2], new[] { 0, 0, 0, 0, 0, float.NaN, 0, 0, 0, 0, 0, 0 }))));

    [Fact]
    public void A_label_out_of_range_is_refused()
    {
        Assert.EndsWith("label of node [1]: found -2, needed a whole number from -1 to 1000000", Refusal(("node_labels", SmallNpz.Npy("<i8", [6], new long[] { 0, -2, 0, 1, 0, 1 }))));
        Assert.EndsWith("class 1 of 3: found no node, needed at least 1", Refusal(("node_labels", SmallNpz.Npy("<i8", [6], new long[] { 0, 2, 0, 2, 0, 2 }))));
    }

    [Fact]
    public void An_empty_or_overlapping_split_is_refused()
    {
        Assert.EndsWith("split 0: found no valid nodes, needed at least 1", Refusal(("val_masks", SmallNpz.Npy("|b1", [2, 6], SmallNpz.Mask(10)))));
        Assert.EndsWith("split 1: found node 1 twice (again in test), needed it once", Refusal(("train_masks", SmallNpz.Npy("|b1", [2, 6], SmallNpz.Mask(0, 1, 7)))));
    }

    [Fact]
    public void A_missing_array_says_which_are_there()
    {
        var arrays = SmallNpz.Ring();
        arrays.Remove("edges");
        Assert.EndsWith("found the arrays node_features, node_labels, train_masks, val_masks, test_masks, needed edges", Refusal(arrays));
    }

    [Theory]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6, 2), }", "found no usable \"descr\"")]
    [InlineData("{'descr': '<c16', 'fortran_order': False, 'shape': (6, 2), }", "found element type \"<c16\"")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6000000000, 2), }", "found a length of 6000000000")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 2000000000), }", "needed at most")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (7, 2), }", "found 48 bytes for shape [7, 2], needed 56")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }", "found shape [12], needed 2 dimensions")]
    [InlineData("os.system('rm')", "found no usable \"descr\"")]
    public void An_array_header_that_does_not_fit_is_refused(string header, string message) =>
        Assert.Contains(message, Refusal(("node_features", SmallNpz.Npy(header, new byte[48]))));

    [Fact]
    public void A_zip_bomb_is_refused_before_it_is_unpacked()
    {
        using (var zip = new ZipArchive(File.Create(_folder.File("texas.npz")), ZipArchiveMode.Create))
        {
            using var stream = zip.CreateEntry("node_features.npy", CompressionLevel.SmallestSize).Open();
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 200; i++) { stream.Write(zeros); }
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.EndsWith("needed at most 500 to 1", Assert.Throws<DataException>(Load).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8L << 20);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        SmallNpz.Write(_folder.File("texas.npz"), SmallNpz.Ring());
        var bytes = File.ReadAllBytes(_folder.File("texas.npz"));
        for (var i = 0; i < 50; i++)
        {
            File.WriteAllBytes(_folder.File("texas.npz"), bytes[..(bytes.Length * i / 50)]);
            Assert.Throws<DataException>(Load);
        }
    }

    [Theory]
    [InlineData("heterophilous", "texas.npz", "texas.npz")]
    [InlineData("shchur", "amazon_photo.npz", "amazon_photo.npz")]
    public void A_real_file_changed_anywhere_is_read_or_refused(string set, string file, string name)
    {
        var bytes = File.ReadAllBytes(TestFolders.RequireData(set, file));
        var random = new Random(1);
        var watch = Stopwatch.StartNew();
        var refused = 0;
        for (var i = 0; i < (bytes.Length > 100_000 ? 10 : 300); i++)
        {
            var mutant = bytes.ToArray();
            mutant[random.Next(mutant.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_folder.File(name), mutant);
            try { NodeDatasets.Load(new() { Dataset = name == "texas.npz" ? "texas" : "amazon-photo" }, [_folder.Path]); }
            catch (DataException) { refused++; }
        }

        Assert.True(refused > 0);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(180), watch.Elapsed.ToString());
    }

    [Fact]
    public void A_missing_file_on_the_way_is_an_error_about_the_data() =>
        Assert.Contains("cannot be read", Assert.Throws<DataException>(() => new NpzReader(_folder.File("gone.npz"))).Message);

    private NodeDataset Load() => NodeDatasets.Load(new() { Dataset = "texas", RowNormalize = false }, [_folder.Path]);

    private NodeDataset Load(Dictionary<string, byte[]> arrays)
    {
        SmallNpz.Write(_folder.File("texas.npz"), arrays);
        return Load();
    }

    private string Refusal(Dictionary<string, byte[]> arrays) => Assert.Throws<DataException>(() => Load(arrays)).Message;

    private string Refusal((string Name, byte[] Bytes) change)
    {
        var arrays = SmallNpz.Ring();
        arrays[change.Name] = change.Bytes;
        return Refusal(arrays);
    }
}
