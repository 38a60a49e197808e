using Contracts;

namespace DeepGnn.Datasets.PointClouds;

/// <summary>The one way to a set of point clouds: by its name in the catalogue.</summary>
public static class PointCloudDatasets
{
    /// <summary>
    /// Reads or generates the set that a run asks for and checks all of it: finite numbers, labels in range, one feature list, splits that
    /// are
    /// disjoint and not empty.
    /// </summary>
    /// <param name="data">Name and split.</param>
    /// <param name="folders">Data folders in the order they are searched: see <see cref="DatasetCatalog.Folders"/>.</param>
    /// <param name="download">Fetches a set that is in none of the folders; null to use what is there.</param>
    /// <exception cref="DataException">The files are missing, damaged or inconsistent.</exception>
    /// <exception cref="DataSpecException">There is no such set or split.</exception>
    public static PointCloudDataset Load(DataSpec data, IReadOnlyList<string> folders, DatasetDownload? download = null)
    {
        var entry = DatasetFiles.Find(data);
        PointCloudDataset set = entry.Format switch
        {
            DatasetFormat.IgnLidar => IgnLidar(entry.Name, DatasetFiles.Locate(entry, folders, download)[0]),
            DatasetFormat.Mosd => Mosd(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            DatasetFormat.S3dis => Hdf5Clouds.S3dis(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            DatasetFormat.ModelNet40 => Hdf5Clouds.ModelNet40(entry.Name, DatasetFiles.Locate(entry, folders, download)),
            DatasetFormat.IndoorRooms => IndoorRooms.Make(new()),
            _ => throw DatasetFiles.WrongTask(entry, $"{DatasetTasks.PointCloudSegmentation} or {DatasetTasks.PointCloudClassification}"),
        };
        DatasetFiles.CheckSplit(data, set.Splits.Count);
        return set.Checked();
    }

    /// <summary>
    /// One aerial tile, cut along x into ten strips of 10 m: 0 to 5 train, 6 and 7 choose, 8 and 9 test. Classes: unclassified (LAS code
    /// 1),
    /// ground (2), building (6).
    /// </summary>
    private static PointCloudDataset IgnLidar(string name, string path)
    {
        int[] codes = [1, 2, 6];
        var tile = path.EndsWith(".las", StringComparison.OrdinalIgnoreCase)
            ? LasReader.Read(path)
            : PointTableReader.Read(path, LasReader.FeatureNames.Count, labelled: true);
        var labels = Array.ConvertAll(tile.PointLabels!, code => Array.IndexOf(codes, code));
        var unknown = Array.IndexOf(labels, -1);
        if (unknown >= 0) { throw new DataException(path, $"point {unknown}: found class {tile.PointLabels![unknown]}, needed 1, 2 or 6"); }

        tile = tile with { PointLabels = labels };
        var strips = Enumerable.Range(0, tile.PointCount).ToLookup(point => Math.Min(9, (int)(tile.Positions[3 * point] / 10)));
        return new()
        {
            Name = name,
            Clouds = [.. Enumerable.Range(0, 10).Select(strip => tile.Pick($"strip-{strip}", [.. strips[strip]]))],
            FeatureNames = LasReader.FeatureNames,
            ClassNames = ["unclassified", "ground", "building"],
            Segmentation = true,
            Splits = [new([0, 1, 2, 3, 4, 5], [6, 7], [8, 9])],
        };
    }

    /// <summary>
    /// Table tops with objects, seen by a depth camera: label / 10 is 0 for the table and the object's number else. Classes: table, object.
    /// The published learn scenes train, but for the last two, which choose; the published test scenes test.
    /// </summary>
    private static PointCloudDataset Mosd(string name, IReadOnlyList<string> files)
    {
        var clouds = files.Select(file => PointTableReader.Read(file, features: 3, labelled: true))
            .Select(cloud => cloud with { PointLabels = Array.ConvertAll(cloud.PointLabels!, label => label / 10 == 0 ? 0 : 1) }).ToList();
        var learn = Enumerable.Range(0, clouds.Count).Where(i => clouds[i].Name.StartsWith("learn", StringComparison.Ordinal)).ToArray();
        return new()
        {
            Name = name,
            Clouds = clouds,
            FeatureNames = ["red", "green", "blue"],
            ClassNames = ["table", "object"],
            Segmentation = true,
            Splits = [new(learn[..^2], learn[^2..], [.. Enumerable.Range(0, clouds.Count).Except(learn)])],
        };
    }
}
