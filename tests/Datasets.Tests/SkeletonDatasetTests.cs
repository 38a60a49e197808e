using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class SkeletonDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_clips_have_the_counts_of_their_source()
    {
        TestFolders.RequireData("jhmdb_skeleton");
        var set = SkeletonDatasets.Load(new() { Dataset = "jhmdb", Split = 2 }, [TestFolders.Data]);
        Assert.Equal([(433, 176), (433, 176), (434, 175)], set.Splits.Select(split => (split.Train.Length + split.Valid.Length, split.Test.Length)));
        Assert.Equal((3 * 609, 14, 15), (set.Clips.Count, set.ClassNames.Count, set.JointCount));
        Assert.Equal((15, 40), (set.Clips.Min(clip => clip.FrameCount), set.Clips.Max(clip => clip.FrameCount)));
        Assert.All(set.Clips, clip => Assert.Equal(clip.FrameCount * 30, clip.Positions.Length));

        foreach (var split in set.Splits)
        {
            Assert.InRange(split.Valid.Length, 70, 75);
            Assert.Equal(Enumerable.Range(0, 14), split.Valid.Select(clip => set.Clips[clip].Label).Distinct().Order());
        }
    }

    [Fact]
    public void Bones_join_all_joints_of_the_skeleton_and_are_shorter_than_other_pairs()
    {
        TestFolders.RequireData("jhmdb_skeleton");
        var set = SkeletonDatasets.Load(new() { Dataset = "jhmdb" }, [TestFolders.Data]);
        var reached = new HashSet<int> { 0 };
        for (var round = 0; round < 15; round++) { reached.UnionWith(set.Bones.Where(bone => reached.Contains(bone.A)).Select(bone => bone.B)); }
        Assert.Equal((15, 14), (reached.Count, set.Bones.Count));

        double Distance(int a, int b) => set.Clips.Take(200).Average(clip => Math.Sqrt(Math.Pow(clip.Positions[2 * a] - clip.Positions[2 * b], 2) + Math.Pow(clip.Positions[(2 * a) + 1] - clip.Positions[(2 * b) + 1], 2)));
        var bones = set.Bones.Average(bone => Distance(bone.A, bone.B));
        var all = (from a in Enumerable.Range(0, 15) from b in Enumerable.Range(0, a) select Distance(a, b)).Average();
        Assert.True(bones < all / 2, $"found bones of {bones} beside pairs of {all}");
    }

    [Fact]
    public void A_file_that_does_not_fit_is_refused()
    {
        AssertRefused("GT_train_1_pose.npy", SmallNpz.Npy("<f4", [5, 15, 3], new float[225]), "found shape [5, 15, 3], needed [frames, 15, 2]");
        AssertRefused("GT_train_1_frames.npy", SmallNpz.Npy("<i4", [40], Enumerable.Repeat(1, 40).ToArray()), "found 40 frames, needed 80");
        AssertRefused("GT_train_1_frames.npy", SmallNpz.Npy("<i4", [40], Enumerable.Repeat(0, 40).ToArray()), "frames of clip [0]: found 0, needed a whole number from 1 to 100000");
        AssertRefused("GT_train_1_label.npy", SmallNpz.Npy("<i4", [40], Enumerable.Repeat(7, 40).ToArray()), "label of clip [0]: found 7, needed a whole number from 0 to 1");
        AssertRefused("GT_train_1_label.npy", SmallNpz.Npy("<i4", [3], new[] { 0, 1, 0 }), "found 3 labels, needed 40");
    }

    [Fact]
    public void A_small_set_is_read()
    {
        WriteSmall();
        var set = SkeletonDatasets.Load(new() { Dataset = "jhmdb" }, [_folder.Path]);
        Assert.Equal(["walk", "run"], set.ClassNames);
        Assert.Equal((60, 2), (set.Clips[1].Positions.Length, set.Clips[1].FrameCount));
        Assert.Equal(60f, set.Clips[1].Positions[0]);
    }

    private void AssertRefused(string file, byte[] bytes, string message)
    {
        WriteSmall();
        File.WriteAllBytes(_folder.File(file), bytes);
        Assert.Equal($"{_folder.File(file)}: {message}", Assert.Throws<DataException>(() => SkeletonDatasets.Load(new() { Dataset = "jhmdb" }, [_folder.Path])).Message);
    }

    /// <summary>Forty clips of two frames in each part; coordinates count up.</summary>
    private void WriteSmall()
    {
        File.WriteAllText(_folder.File("classes.txt"), "walk\nrun\n");
        foreach (var split in new[] { 1, 2, 3 })
        {
            foreach (var part in new[] { "train", "test" })
            {
                File.WriteAllBytes(_folder.File($"GT_{part}_{split}_pose.npy"), SmallNpz.Npy("<f4", [80, 15, 2], Enumerable.Range(0, 2_400).Select(k => (float)k).ToArray()));
                File.WriteAllBytes(_folder.File($"GT_{part}_{split}_frames.npy"), SmallNpz.Npy("<i4", [40], Enumerable.Repeat(2, 40).ToArray()));
                File.WriteAllBytes(_folder.File($"GT_{part}_{split}_label.npy"), SmallNpz.Npy("<i4", [40], Enumerable.Range(0, 40).Select(i => i % 2).ToArray()));
            }
        }
    }
}
