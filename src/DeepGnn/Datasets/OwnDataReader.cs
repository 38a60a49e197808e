using System.Text.Json;
using Contracts;
using DeepGnn.Datasets.Numpy;
using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Reads one's own graph from a folder or zip with a <see cref="OwnDataManifest"/>; the layout is described in docs/own-data.md.
/// Everything is
/// read and checked before anything is given back, so a set is never half-read.
/// </summary>
internal sealed class OwnDataReader : IDisposable
{
    public const string ManifestName = "dataset.json";
    private const int MaxSplits = 1_000;

    private readonly string _place;
    private readonly string _folder;
    private readonly ZipMembers? _zip;

    /// <param name="path">Path of the zip, or of the manifest in its folder.</param>
    private OwnDataReader(string path)
    {
        _folder = Path.GetDirectoryName(path) ?? ".";
        _zip = path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? new ZipMembers(path) : null;
        _place = _zip is null ? _folder : path;
    }

    /// <param name="name">The catalogue's name.</param>
    /// <param name="path">Path of the zip, or of the manifest in its folder.</param>
    public static NodeDataset Read(string name, string path)
    {
        using var reader = new OwnDataReader(path);
        return reader.Read(name);
    }

    public void Dispose() => _zip?.Dispose();

    private NodeDataset Read(string name)
    {
        var manifest = Manifest();
        var features = Floats(manifest.Features, "features");
        var nodes = features.RowCount;
        if (manifest.Nodes is { } needed && needed != nodes)
        {
            throw new DataException(PlaceOf(manifest.Features), $"found {nodes} rows, needed {needed} as \"nodes\" says");
        }

        var labels = Ints(manifest.Labels, "labels", 1, -1, 1_000_000);
        if (labels.Length != nodes) { throw new DataException(PlaceOf(manifest.Labels), $"found {labels.Length} labels, needed {nodes}"); }

        var classes = NodeDatasetChecks.ClassCount(PlaceOf(manifest.Labels), labels);
        return new()
        {
            Name = name,
            Graph = ToGraph(manifest, nodes),
            Features = FeatureMatrix.FromDense(nodes, features.ColumnCount, features.Values),
            Labels = labels,
            ClassCount = classes,
            Splits = Splits(manifest.Splits, labels, classes),
            Metric = MetricOf(manifest, classes),
        };
    }

    private OwnDataManifest Manifest()
    {
        var place = PlaceOf(ManifestName);
        try
        {
            var manifest = JsonSerializer.Deserialize<OwnDataManifest>(Bytes(ManifestName), ContractJson.Options)
                ?? throw new DataException(place, "found null, needed an object");
            return manifest.Version == 1 ? manifest : throw new DataException(place, $"$.version: found {manifest.Version}, needed 1");
        }
        catch (JsonException error)
        {
            throw new DataException(place, $"{error.Path ?? "$"}: {error.Message}", error);
        }
    }

    private Graph ToGraph(OwnDataManifest manifest, int nodes)
    {
        if (nodes == 0) { throw new DataException(PlaceOf(manifest.Features), "found no nodes, needed at least 1"); }

        var ends = Ints(manifest.Edges, "edges", 2, 0, nodes - 1);
        var (sources, targets) = (new int[ends.Length / 2], new int[ends.Length / 2]);
        for (var e = 0; e < sources.Length; e++) { (sources[e], targets[e]) = (ends[2 * e], ends[(2 * e) + 1]); }
        return manifest.Directed ? new Graph(nodes, sources, targets) : UndirectedEdges.ToGraph(PlaceOf(manifest.Edges), nodes, sources, targets);
    }

    private IReadOnlyList<NodeSplit> Splits(OwnDataSplits splits, int[] labels, int classes)
    {
        if (splits.File is { } file) { return GivenSplits(file, labels.Length); }

        var place = PlaceOf(ManifestName);
        if (splits.Count is < 1 or > MaxSplits)
        {
            throw new DataException(place, $"$.splits.count: found {splits.Count}, needed 1 to {MaxSplits}");
        }

        var seeds = Enumerable.Range(0, splits.Count).Select(k => unchecked(splits.Seed + k));
        if (splits.TrainPerClass is not { } perClass)
        {
            return splits.Train > 0 && splits.Valid > 0 && splits.Train + splits.Valid < 1
                ? [.. seeds.Select(seed => NodeSplits.Random(labels, splits.Train, splits.Valid, seed))]
                : throw new DataException(place, $"$.splits: found shares {splits.Train} and {splits.Valid}, needed two above 0 with a sum below 1");
        }

        return perClass > 0 && splits.ValidPerClass > 0
            ? [.. seeds.Select(seed => NodeSplits.PerClass(labels, classes, perClass, splits.ValidPerClass, seed))]
            : throw new DataException(place, $"$.splits: found {perClass} and {splits.ValidPerClass} nodes per class, needed at least 1 of each");
    }

    private IReadOnlyList<NodeSplit> GivenSplits(string file, int nodes)
    {
        var parts = Floats(file, "splits");
        if (parts.RowCount != nodes || parts.ColumnCount is < 1 or > MaxSplits)
        {
            throw new DataException(
                PlaceOf(file),
                $"found shape [{parts.RowCount}, {parts.ColumnCount}], needed [{nodes}, splits] with 1 to {MaxSplits} splits");
        }

        var bad = Array.FindIndex(parts.Values, value => value is not (0 or 1 or 2 or 3));
        if (bad >= 0)
        {
            throw new DataException(
                PlaceOf(file),
                $"node {bad / parts.ColumnCount}: found part {parts.Values[bad]}, needed 0 (train), 1 (valid), 2 (test) or 3 (none)");
        }

        return [.. Enumerable.Range(0, parts.ColumnCount).Select(split => new NodeSplit(Nodes(split, 0), Nodes(split, 1), Nodes(split, 2)))];

        int[] Nodes(int split, int part) => [.. Enumerable.Range(0, nodes).Where(node => parts.Values[(node * parts.ColumnCount) + split] == part)];
    }

    private Metric MetricOf(OwnDataManifest manifest, int classes) => manifest.Metric switch
    {
        "accuracy" => Metric.Accuracy,
        "rocAuc" when classes == 2 => Metric.RocAuc,
        "rocAuc" => throw new DataException(PlaceOf(ManifestName), $"$.metric: found rocAuc for {classes} classes, needed 2"),
        _ => throw new DataException(PlaceOf(ManifestName), $"$.metric: found {CsvReader.Shorten(manifest.Metric)}, needed accuracy or rocAuc"),
    };

    private DenseMatrix Floats(string name, string what)
    {
        if (!IsArray(name)) { return NumberTable.Floats(PlaceOf(name), CsvLines(name), rows: null); }

        var array = Matrix(name);
        return new(array.Shape[0], array.Shape.Length == 1 ? 1 : array.Shape[1], array.ToFloats(what));
    }

    private int[] Ints(string name, string what, int columns, int low, int high)
    {
        if (!IsArray(name)) { return NumberTable.Ints(PlaceOf(name), CsvLines(name), columns, low, high, rows: null); }

        var array = Matrix(name);
        var found = array.Shape.Length == 1 ? 1 : array.Shape[1];
        return found == columns
            ? array.ToInts(what, low, high)
            : throw new DataException(PlaceOf(name), $"found shape {NumpyArray.Describe(array.Shape)}, needed {columns} columns");
    }

    private NumpyArray Matrix(string name)
    {
        var array = NpyReader.Read(PlaceOf(name), Bytes(name));
        return array.Shape.Length is 1 or 2
            ? array
            : throw new DataException(PlaceOf(name), $"found shape {NumpyArray.Describe(array.Shape)}, needed one or two dimensions");
    }

    private IEnumerable<string> CsvLines(string name) => FileReading.Lines(PlaceOf(name), new MemoryStream(Bytes(name))).Skip(1);

    private bool IsArray(string name) => Path.GetExtension(name) switch
    {
        ".npy" => true,
        ".csv" => false,
        _ => throw new DataException(PlaceOf(ManifestName), $"found the file name {CsvReader.Shorten(name)}, needed one that ends in .csv or .npy"),
    };

    private byte[] Bytes(string name)
    {
        if (_zip is not null) { return _zip.Read(name); }
        if (name.Split('/').Any(part => part is "" or "." or "..") || name.Contains('\\', StringComparison.Ordinal))
        {
            throw new DataException(
                PlaceOf(ManifestName),
                $"found the file name {CsvReader.Shorten(name)}, needed one that stays in the folder");
        }

        var path = Path.Combine(_folder, name);
        return FileReading.Length(path) <= 2_000_000_000
            ? FileReading.Bytes(path)
            : throw new DataException(path, $"found {FileReading.Length(path)} bytes, needed at most 2000000000");
    }

    private string PlaceOf(string name) => _zip is null ? Path.Combine(_place, name) : $"{_place}: {name}";
}
