using System.IO.Compression;
using System.Text;
using Contracts;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class OwnDataTests : IDisposable
{
    private const string Manifest = """{ "version": 1, "edges": "edges.csv", "features": "features.npy", "labels": "labels.csv", "splits": { "count": 3 } }""";

    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();
    private readonly Dictionary<string, byte[]> _files = new()
    {
        ["dataset.json"] = Encoding.UTF8.GetBytes(Manifest),
        ["edges.csv"] = Encoding.UTF8.GetBytes("source,target\n0,1\n1,2\n2,1\n3,3\n"),
        ["features.npy"] = SmallNpz.Npy("<f8", [10, 2], Enumerable.Range(0, 20).Select(k => (double)k).ToArray()),
        ["labels.csv"] = Encoding.UTF8.GetBytes("label\n" + string.Concat(Enumerable.Range(0, 10).Select(i => $"{i % 2}\n"))),
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_and_a_zip_give_the_same_set(bool zip)
    {
        Write(zip);
        var set = Load();
        Assert.Equal([(1, 0), (0, 1), (2, 1), (1, 2)], set.Graph.Sources.Zip(set.Graph.Targets));
        Assert.Equal(Enumerable.Range(0, 20).Select(k => (float)k), set.Features.ToDense());
        Assert.Equal([0, 1, 0, 1, 0, 1, 0, 1, 0, 1], set.Labels);
        Assert.Equal((3, 6, 2, 2), (set.Splits.Count, set.Splits[0].Train.Length, set.Splits[0].Valid.Length, set.Splits[0].Test.Length));
        Assert.Equal("own/mine", set.Name);
    }

    [Fact]
    public void A_directed_set_keeps_its_edges_as_they_stand()
    {
        Change("\"version\": 1", "\"version\": 1, \"directed\": true");
        Write();
        var set = Load();
        Assert.Equal([(0, 1), (1, 2), (2, 1), (3, 3)], set.Graph.Sources.Zip(set.Graph.Targets));
    }

    [Fact]
    public void Given_splits_are_used()
    {
        Change("{ \"count\": 3 }", "{ \"file\": \"splits.csv\" }");
        _files["splits.csv"] = Encoding.UTF8.GetBytes("first,second\n0,1\n0,1\n0,2\n1,2\n1,0\n2,0\n2,3\n3,3\n3,3\n3,3\n");
        Write();
        var set = Load();
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], [.. set.Splits[0].Train, .. set.Splits[0].Valid, .. set.Splits[0].Test]);
        Assert.Equal([4, 5, 0, 1, 2, 3], [.. set.Splits[1].Train, .. set.Splits[1].Valid, .. set.Splits[1].Test]);
    }

    [Fact]
    public void Splits_by_class_are_drawn()
    {
        Change("{ \"count\": 3 }", "{ \"trainPerClass\": 2, \"validPerClass\": 1, \"count\": 1 }");
        Write();
        Assert.Equal((4, 2, 4), (Load().Splits[0].Train.Length, Load().Splits[0].Valid.Length, Load().Splits[0].Test.Length));
    }

    [Fact]
    public void Own_sets_are_listed_where_they_lie()
    {
        Write();
        Write(zip: true, name: "packed");
        Directory.CreateDirectory(_folder.File("own/empty"));
        File.WriteAllText(_folder.File("own/no good.zip"), "");
        var listed = DatasetCatalog.List([_folder.Path]).Where(info => info.Name.StartsWith("own/", StringComparison.Ordinal)).ToList();
        Assert.Equal([("own/mine", true), ("own/packed", true)], listed.Select(info => (info.Name, info.Available)));
        Assert.DoesNotContain(DatasetCatalog.List(["/nowhere"]), info => info.Name.StartsWith("own/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("own/../../etc/passwd")]
    [InlineData("own/")]
    [InlineData("own/a b")]
    public void A_name_that_leads_elsewhere_is_unknown(string name) =>
        Assert.StartsWith("$.data.dataset: found data set", Assert.Throws<DataSpecException>(() => NodeDatasets.Load(new() { Dataset = name }, [_folder.Path])).Message);

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "$.version: found 2, needed 1")]
    [InlineData("\"version\": 1", "\"version\": \"x\"", "$.version: ")]
    [InlineData("\"version\": 1", "\"version\": 1, \"colour\": 1", "$.colour: The JSON property 'colour' could not be mapped")]
    [InlineData("\"version\": 1, ", "", "$: JSON deserialization for type 'DeepGnn.Datasets.OwnDataManifest' was missing required properties")]
    [InlineData("edges.csv", "edges.txt", "found the file name \"edges.txt\", needed one that ends in .csv or .npy")]
    [InlineData("edges.csv", "../edges.csv", "found the file name \"../edges.csv\", needed one that stays in the folder")]
    [InlineData("{ \"count\": 3 }", "{ \"count\": 0 }", "$.splits.count: found 0, needed 1 to 1000")]
    [InlineData("{ \"count\": 3 }", "{ \"train\": 0.9, \"valid\": 0.2 }", "$.splits: found shares 0.9 and 0.2, needed two above 0 with a sum below 1")]
    [InlineData("{ \"count\": 3 }", "{ \"trainPerClass\": 0 }", "$.splits: found 0 and 30 nodes per class, needed at least 1 of each")]
    [InlineData("\"version\": 1", "\"version\": 1, \"metric\": \"f1\"", "$.metric: found \"f1\", needed accuracy or rocAuc")]
    public void A_manifest_that_does_not_fit_is_refused(string from, string to, string message)
    {
        Change(from, to);
        Write();
        Assert.StartsWith($"{_folder.File("own/mine/dataset.json")}: {message}", Refusal());
    }

    [Theory]
    [InlineData("edges.csv", "source,target\n0,1\n1,10\n", "line 2: found \"10\", needed a whole number from 0 to 9")]
    [InlineData("labels.csv", "label\n0\n1\n", "found 2 labels, needed 10")]
    [InlineData("labels.csv", "label\n0\n1\n-2\n", "line 3: found \"-2\", needed a whole number from -1 to 1000000")]
    [InlineData("labels.csv", "label\n0.5\n", "line 1: found \"0.5\", needed a whole number from -1 to 1000000")]
    public void A_file_that_does_not_fit_is_refused(string file, string content, string message)
    {
        _files[file] = Encoding.UTF8.GetBytes(content);
        Write();
        Assert.StartsWith($"{_folder.File("own/mine/" + file)}: {message}", Refusal());
    }

    [Fact]
    public void A_class_without_a_node_is_refused()
    {
        _files["labels.csv"] = Encoding.UTF8.GetBytes("label\n" + string.Concat(Enumerable.Range(0, 10).Select(i => $"{i % 2 * 2}\n")));
        Write();
        Assert.Equal("own/mine: class 1 of 3: found no node, needed at least 1", Refusal());
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        _files.Remove("features.npy");
        Write(zip: true);
        Assert.EndsWith("mine.zip: found dataset.json, edges.csv, labels.csv, needed features.npy", Refusal());
    }

    [Theory]
    [InlineData("../evil.csv")]
    [InlineData("/etc/evil.csv")]
    [InlineData("a/../../evil.csv")]
    [InlineData("..\\evil.csv")]
    [InlineData("c:evil.csv")]
    public void A_zip_with_a_name_that_leads_out_is_refused(string name)
    {
        _files[name] = [1];
        Write(zip: true);
        Assert.Contains($"found the member name \"{name}\", needed one that stays in the archive", Refusal());
    }

    [Fact]
    public void A_zip_bomb_is_refused_before_it_is_unpacked()
    {
        _files["edges.csv"] = new byte[100 << 20];
        Write(zip: true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.EndsWith("needed at most 500 to 1", Refusal());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8L << 20);
    }

    [Fact]
    public void A_zip_cut_or_changed_anywhere_is_read_or_refused()
    {
        Write(zip: true);
        var bytes = File.ReadAllBytes(_folder.File("own/mine.zip"));
        var random = new Random(2);
        for (var i = 0; i < 300; i++)
        {
            var mutant = i < 50 ? bytes[..(bytes.Length * i / 50)] : bytes.ToArray();
            if (i >= 50) { mutant[random.Next(mutant.Length)] = (byte)random.Next(256); }
            File.WriteAllBytes(_folder.File("own/mine.zip"), mutant);
            try { Load(); }
            catch (DataException) { }
        }
    }

    private void Change(string from, string to) => _files["dataset.json"] = Encoding.UTF8.GetBytes(Manifest.Replace(from, to, StringComparison.Ordinal));

    private void Write(bool zip = false, string name = "mine")
    {
        Directory.CreateDirectory(_folder.File($"own/{(zip ? "" : name)}"));
        if (!zip)
        {
            foreach (var (file, bytes) in _files) { File.WriteAllBytes(_folder.File($"own/{name}/{file}"), bytes); }
            return;
        }

        using var archive = new ZipArchive(File.Create(_folder.File($"own/{name}.zip")), ZipArchiveMode.Create);
        foreach (var (file, bytes) in _files)
        {
            using var stream = archive.CreateEntry(file).Open();
            stream.Write(bytes);
        }
    }

    private NodeDataset Load() => NodeDatasets.Load(new() { Dataset = "own/mine", RowNormalize = false }, [_folder.Path]);

    private string Refusal() => Assert.Throws<DataException>(Load).Message;
}
