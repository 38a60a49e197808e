using DeepGnn.Datasets.Numpy;

namespace DeepGnn.Datasets.PointClouds;

/// <summary>Point clouds in the HDF5 files of the PointNet code, which most papers on S3DIS and ModelNet40 use.</summary>
internal static class Hdf5Clouds
{
    private const int Areas = 6;

    /// <summary>
    /// S3DIS (Armeni et al. 2016) as <c>indoor3d_sem_seg_hdf5_data</c>: files named in <c>all_files.txt</c> with "data" [blocks, points,
    /// 9] (x, y, z in the block; colours;
    /// place in the room, 0 to 1) and "label" [blocks, points], and the room of each block in <c>room_filelist.txt</c>
    /// ("Area_1_office_3"). Split k tests Area k + 1,
    /// chooses on the area after it and trains on the other four, so that the test area never chooses.
    /// </summary>
    /// <param name="name">The catalogue's name.</param>
    /// <param name="files">Paths of all_files.txt and room_filelist.txt.</param>
    public static PointCloudDataset S3dis(string name, IReadOnlyList<string> files)
    {
        var rooms = FileReading.Lines(files[1]).Where(line => line.Length > 0).ToList();
        var clouds = new List<PointCloud>();
        foreach (var file in Named(files[0]))
        {
            foreach (var (positions, features, labels) in Blocks(file, columns: 9, pointLabels: true, classes: 13))
            {
                var room = clouds.Count < rooms.Count
                    ? rooms[clouds.Count]
                    : throw new DataException(files[1], $"found {rooms.Count} rooms, needed one for each block");
                clouds.Add(new(room, positions, features) { PointLabels = labels });
            }
        }

        if (clouds.Count != rooms.Count)
        {
            throw new DataException(files[1], $"found {rooms.Count} rooms, needed one for each of the {clouds.Count} blocks");
        }

        var areas = clouds.Select(cloud => Area(files[1], cloud.Name)).ToArray();
        return new()
        {
            Name = name,
            Clouds = clouds,
            FeatureNames = ["red", "green", "blue", "room x", "room y", "room z"],
            ClassNames = ["ceiling", "floor", "wall", "beam", "column", "window", "door", "table", "chair", "sofa", "bookcase", "board", "clutter"],
            Segmentation = true,
            Cut = true,
            Splits = [.. Enumerable.Range(0, Areas).Select(k => new SampleSplit(
                In(area => area != k && area != (k + 1) % Areas), In(area => area == (k + 1) % Areas), In(area => area == k)))],
        };

        int[] In(Func<int, bool> chosen) => [.. Enumerable.Range(0, areas.Length).Where(i => chosen(areas[i]))];
    }

    /// <summary>
    /// ModelNet40 (Wu et al. 2015) as <c>modelnet40_ply_hdf5_2048</c>: files named in <c>train_files.txt</c> and <c>test_files.txt</c>
    /// with "data" [shapes, 2048, 3] and
    /// "label" [shapes, 1], classes in <c>shape_names.txt</c>. A tenth of the training shapes, dealt by class with seed 0, chooses.
    /// </summary>
    /// <param name="name">The catalogue's name.</param>
    /// <param name="files">Paths of shape_names.txt, train_files.txt and test_files.txt.</param>
    public static PointCloudDataset ModelNet40(string name, IReadOnlyList<string> files)
    {
        var classes = FileReading.Lines(files[0]).Where(line => line.Length > 0).ToList();
        var clouds = Read(files[1], "train");
        var valid = NodeSplits.Folds([.. clouds.Select(cloud => cloud.Label!.Value)], folds: 10, seed: 0)[0];
        var train = Enumerable.Range(0, clouds.Count).Except(valid).ToArray();
        var test = Read(files[2], "test");
        return new()
        {
            Name = name,
            Clouds = [.. clouds, .. test],
            FeatureNames = [],
            ClassNames = classes,
            Segmentation = false,
            Splits = [new(train, valid, [.. Enumerable.Range(clouds.Count, test.Count)])],
        };

        List<PointCloud> Read(string list, string part)
        {
            var blocks = Named(list).SelectMany(file => Blocks(file, columns: 3, pointLabels: false, classes.Count));
            return [.. blocks.Select((block, i) => new PointCloud($"{part}-{i}", block.Positions, block.Features) { Label = block.Labels[0] })];
        }
    }

    private static IEnumerable<(float[] Positions, DenseMatrix Features, int[] Labels)> Blocks(string path, int columns, bool pointLabels, int classes)
    {
        var data = Hdf5Reader.Read(path, "data").NeedRank(3);
        var (blocks, points) = (data.Shape[0], data.Shape[1]);
        if (data.Shape[2] != columns || points < 1)
        {
            throw new DataException(data.Place, $"found shape {NumpyArray.Describe(data.Shape)}, needed [blocks, points, {columns}]");
        }

        var each = pointLabels ? points : 1;
        var labelArray = Hdf5Reader.Read(path, "label");
        if (labelArray.Count != (long)blocks * each)
        {
            throw new DataException(labelArray.Place, $"found shape {NumpyArray.Describe(labelArray.Shape)}, needed [{blocks}, {each}]");
        }

        var (values, labels, features) = (data.ToFloats("point"), labelArray.ToInts("label", 0, classes - 1), columns - 3);
        for (var b = 0; b < blocks; b++)
        {
            var (positions, rest) = (new float[3 * points], new float[features * points]);
            for (var i = 0; i < points; i++)
            {
                var row = values.AsSpan(((b * points) + i) * columns, columns);
                row[..3].CopyTo(positions.AsSpan(3 * i));
                row[3..].CopyTo(rest.AsSpan(features * i));
            }

            yield return (positions, new(points, features, rest), labels[(b * each)..((b + 1) * each)]);
        }
    }

    /// <summary>The files a list names; it may name them with the folders of whoever wrote it, so only the last part counts.</summary>
    private static List<string> Named(string list)
    {
        var folder = Path.GetDirectoryName(list) ?? ".";
        var names = FileReading.Lines(list).Select(line => Path.GetFileName(line.Trim())).Where(line => line.Length > 0).ToList();
        return names.Count > 0
            ? [.. names.Select(name => Path.Combine(folder, name))]
            : throw new DataException(list, "found no file names, needed at least 1");
    }

    private static int Area(string path, string room) =>
        room.StartsWith("Area_", StringComparison.Ordinal) && room.Length > 5 && room[5] is >= '1' and <= '6'
        ? room[5] - '1'
        : throw new DataException(path, $"found room {CsvReader.Shorten(room)}, needed a name that starts with Area_1 to Area_6");
}
