using System.Diagnostics;
using System.Text;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using Testing;

namespace Datasets.Tests;

/// <summary>Small files of every text format, changed at random: each is read or refused as data, whatever is in it.</summary>
public sealed class ChangedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_changed_tu_file_is_read_or_refused() =>
        AssertReadOrRefused(
            new() { ["MUTAG.txt"] = string.Concat(Enumerable.Repeat("3 1\n0 1 1 0.5\n1 2 0 2 1.5\n0 1 1 2.5\n1 0\n1 0 3\n", 10)).Insert(0, "20\n") },
            () => GraphCollections.Load(new() { Dataset = "mutag" }, [_folder.Path]));

    [Fact]
    public void A_changed_tu_folder_is_read_or_refused() =>
        AssertReadOrRefused(
            new()
            {
                ["MUTAG_A.txt"] = string.Concat(Enumerable.Range(0, 20).Select(i => $"{(2 * i) + 1}, {(2 * i) + 2}\n")),
                ["MUTAG_graph_indicator.txt"] = string.Concat(Enumerable.Range(1, 20).Select(i => $"{i}\n{i}\n")),
                ["MUTAG_graph_labels.txt"] = string.Concat(Enumerable.Repeat("-1\n1\n", 10)),
                ["MUTAG_node_labels.txt"] = string.Concat(Enumerable.Repeat("0\n3\n", 20)),
            },
            () => GraphCollections.Load(new() { Dataset = "mutag" }, [_folder.Path]));

    [Fact]
    public void A_changed_metis_file_is_read_or_refused() =>
        AssertReadOrRefused(new() { ["a.graph"] = "% mesh\n4 3 011 2\n5 5 2 9\n5 5 1 9 3 9\n5 5 2 9 4 9\n5 5 3 9\n" }, () => MetisReader.Read(_folder.File("a.graph")));

    [Fact]
    public void Changed_csv_and_json_files_are_read_or_refused() =>
        AssertReadOrRefused(
            new()
            {
                ["facebook_edges.csv"] = "id_1,id_2\n0,1\n1,2\n2,2\n",
                ["facebook_features.json"] = "{\"0\": [2, 0, 2], \"1\": [], \"3\": [7]}",
                ["facebook_target.csv"] = "id,page_name,page_type\n0,\"a, b\",x\n1,c,y\n2,d,x\n3,e,y\n",
            },
            () => NodeDatasets.Load(new() { Dataset = "facebook-pages" }, [_folder.Path]));

    [Fact]
    public void Changed_benchmark_folders_are_read_or_refused() =>
        AssertReadOrRefused(
            new()
            {
                ["ogbn_proteins/raw/num-node-list.csv"] = "3\n",
                ["ogbn_proteins/raw/edge.csv"] = "0,2\n0,1\n",
                ["ogbn_proteins/raw/edge-feat.csv"] = "1,2\n3,4\n",
                ["ogbn_proteins/raw/node-label.csv"] = "0,1\n1,1\n0,0\n",
                ["ogbn_proteins/split/species/train.csv"] = "0\n",
                ["ogbn_proteins/split/species/valid.csv"] = "1\n",
                ["ogbn_proteins/split/species/test.csv"] = "2\n",
            },
            () => NodeDatasets.LoadMultiLabel(new() { Dataset = "ogbn-proteins" }, [_folder.Path]));

    [Fact]
    public void Changed_own_data_is_read_or_refused() =>
        AssertReadOrRefused(
            new()
            {
                ["own/mine/dataset.json"] = """{ "version": 1, "edges": "edges.csv", "features": "features.csv", "labels": "labels.csv", "splits": { "trainPerClass": 2, "count": 3 } }""",
                ["own/mine/edges.csv"] = "source,target\n0,1\n1,2\n",
                ["own/mine/features.csv"] = "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n",
                ["own/mine/labels.csv"] = "label\n0\n1\n0\n1\n0\n1\n",
            },
            () => NodeDatasets.Load(new() { Dataset = "own/mine" }, [_folder.Path]));

    [Fact]
    public void Changed_point_files_are_read_or_refused()
    {
        AssertReadOrRefused(new() { ["a.off"] = "OFF\n4 2 0\n0 0 0\n1 0 0\n0 1 0\n1 1 1\n3 0 1 2\n3 1 2 3\n" }, () => OffReader.Sample(_folder.File("a.off"), 20, 0));
        AssertReadOrRefused(new() { ["a.xyz"] = "1 2 3 0.5 7\n4 5 6 0.25 8\n" }, () => PointTableReader.Read(_folder.File("a.xyz"), 1, labelled: true));
        AssertReadOrRefused(
            new() { ["a.ply"] = "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty double z\nproperty int label\nend_header\n1 2 3 7\n4 5 6 8\n" },
            () => PlyReader.Read(_folder.File("a.ply")));
    }

    private void AssertReadOrRefused(Dictionary<string, string> files, Func<object> read)
    {
        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
            File.WriteAllText(_folder.File(name), content);
        }

        // The files as they stand must be good, or the changes would show nothing.
        read();
        var random = new Random(6);
        var watch = Stopwatch.StartNew();
        foreach (var (name, content) in files)
        {
            for (var i = 0; i < 150; i++)
            {
                var bytes = Encoding.UTF8.GetBytes(content);
                for (var changes = random.Next(1, 4); changes > 0; changes--) { bytes[random.Next(bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"0123456789-.,e\n \""[random.Next(17)]; }
                File.WriteAllBytes(_folder.File(name), i < 20 ? bytes[..(bytes.Length * i / 20)] : bytes);
                try { read(); }
                catch (DataException) { }
            }

            File.WriteAllText(_folder.File(name), content);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(180), watch.Elapsed.ToString());
    }
}
