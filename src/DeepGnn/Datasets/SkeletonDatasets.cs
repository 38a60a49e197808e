using Contracts;
using DeepGnn.Datasets.Numpy;

namespace DeepGnn.Datasets;

/// <summary>The one way to a set of skeleton clips: by its name in the catalogue.</summary>
public static class SkeletonDatasets
{
    /// <summary>neck–belly, neck–face, then shoulders, hips, elbows, knees, wrists and ankles, right before left.</summary>
    private static readonly (int, int)[] JhmdbBones =
        [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (3, 7), (4, 8), (5, 9), (6, 10), (7, 11), (8, 12), (9, 13), (10, 14)];

    /// <summary>
    /// Reads JHMDB (Jhuang et al. 2013) as arrays: for split k of 3, <c>GT_train_K_pose.npy</c> [frames of all clips, 15, 2],
    /// <c>_frames.npy</c> (frames of each clip) and
    /// <c>_label.npy</c>, the same for test, and <c>classes.txt</c>. A sixth of each training part, dealt by class with seed 0, chooses
    /// the epoch, as the set
    /// has no valid part. A clip is in the list once for each of the three splits.
    /// </summary>
    /// <param name="data">Name and split.</param>
    /// <param name="folders">Data folders in the order they are searched: see <see cref="DatasetCatalog.Folders"/>.</param>
    /// <exception cref="DataException">The files are missing, damaged or inconsistent.</exception>
    /// <exception cref="DataSpecException">There is no such set or split.</exception>
    public static SkeletonDataset Load(DataSpec data, IReadOnlyList<string> folders)
    {
        var entry = DatasetFiles.Find(data);
        if (entry.Format != DatasetFormat.Jhmdb) { throw DatasetFiles.WrongTask(entry, DatasetTasks.SkeletonClassification); }

        var files = DatasetFiles.Locate(entry, folders, download: null);
        var classes = FileReading.Lines(files[0]).Where(line => line.Length > 0).ToList();
        var clips = new List<SkeletonClip>();
        var splits = new List<SampleSplit>();
        foreach (var six in files.Skip(1).Chunk(6))
        {
            var (train, test) = (ReadPart(six[0], six[1], six[2], classes.Count), ReadPart(six[3], six[4], six[5], classes.Count));
            var valid = NodeSplits.Folds([.. train.Select(clip => clip.Label)], folds: 6, seed: 0)[0];
            splits.Add(new(
                [.. Enumerable.Range(0, train.Count).Except(valid).Select(i => clips.Count + i)],
                [.. valid.Select(i => clips.Count + i)],
                [.. Enumerable.Range(clips.Count + train.Count, test.Count)]));
            clips.AddRange([.. train, .. test]);
        }

        for (var s = 0; s < splits.Count; s++) { splits[s].Check($"{entry.Name}: split {s}", "clip", clips.Count); }
        DatasetFiles.CheckSplit(data, splits.Count);
        return new() { Name = entry.Name, JointCount = 15, Dimensions = 2, Bones = JhmdbBones, ClassNames = classes, Clips = clips, Splits = splits };
    }

    private static List<SkeletonClip> ReadPart(string poseFile, string frameFile, string labelFile, int classes)
    {
        var pose = NpyReader.ReadFile(poseFile).NeedRank(3);
        if (pose.Shape is not [_, 15, 2])
        {
            throw new DataException(poseFile, $"found shape {NumpyArray.Describe(pose.Shape)}, needed [frames, 15, 2]");
        }

        var frames = NpyReader.ReadFile(frameFile).NeedRank(1).ToInts("frames of clip", 1, 100_000);
        var labels = NpyReader.ReadFile(labelFile).NeedRank(1).ToInts("label of clip", 0, classes - 1);
        if (labels.Length != frames.Length) { throw new DataException(labelFile, $"found {labels.Length} labels, needed {frames.Length}"); }
        if (frames.Sum(count => (long)count) != pose.Shape[0])
        {
            throw new DataException(frameFile, $"found {frames.Sum(count => (long)count)} frames, needed {pose.Shape[0]}");
        }

        var values = pose.ToFloats("pose");
        var clips = new List<SkeletonClip>();
        var at = 0;
        for (var c = 0; c < frames.Length; c++)
        {
            var length = frames[c] * 30;
            clips.Add(new(frames[c], values[at..(at + length)], labels[c]));
            at += length;
        }

        return clips;
    }
}
