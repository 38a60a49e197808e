using System.Diagnostics;
using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using DeepGnn.Runtime;
using DeepGnn.Training;
using PureHDF;
using PureHDF.Filters;
using PureHDF.VOL.Native;
using Testing;

namespace Datasets.Tests;

/// <summary>Small files in the layout of the published ones, written with the library's own writer, packed in chunks or plain.</summary>
public sealed class Hdf5CloudTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rooms_of_six_areas_give_six_splits()
    {
        WriteS3dis();
        var set = Load("s3dis");
        Assert.Equal((14, 6), (set.Clouds.Count, set.Splits.Count));
        Assert.Equal("Area_1_office_0", set.Clouds[0].Name);
        Assert.Equal([0, 1, 2, 9, 10, 11], set.Clouds[0].Positions[..6]);
        Assert.Equal([3, 4, 5, 6, 7, 8], set.Clouds[0].Features.Row(0));
        Assert.Equal([0, 1, 2], set.Clouds[0].PointLabels![..3]);
        for (var k = 0; k < 6; k++)
        {
            Assert.All(set.Splits[k].Test, i => Assert.StartsWith($"Area_{k + 1}_", set.Clouds[i].Name));
            Assert.All(set.Splits[k].Valid, i => Assert.StartsWith($"Area_{((k + 1) % 6) + 1}_", set.Clouds[i].Name));
            Assert.Equal(14, set.Splits[k].Train.Length + set.Splits[k].Valid.Length + set.Splits[k].Test.Length);
        }
    }

    [Fact]
    public void Shapes_are_read_with_their_published_test_part()
    {
        WriteModelNet();
        var set = Load("modelnet40");
        Assert.Equal((50, 45, 5, 10), (set.Clouds.Count - 10, set.Splits[0].Train.Length, set.Splits[0].Valid.Length, set.Splits[0].Test.Length));
        Assert.Equal(["airplane", "bathtub"], set.ClassNames);
        Assert.Equal(1, set.Clouds[1].Label);
        Assert.Equal([12, 13, 14], set.Clouds[1].Positions[..3]);
    }

    [Fact]
    public void A_file_that_does_not_fit_is_refused()
    {
        AssertRefused("room_filelist.txt", "Area_1_office_0\n", "found 1 rooms, needed one for each block");
        AssertRefused("room_filelist.txt", string.Concat(Enumerable.Repeat("Area_7_office_0\n", 14)), "found room \"Area_7_office_0\", needed a name that starts with Area_1 to Area_6");
        AssertRefused("all_files.txt", "\n", "found no file names, needed at least 1");

        WriteS3dis();
        Write("s3dis/ply_data_all_0.h5", new float[14, 4, 3], new byte[14, 4]);
        Assert.EndsWith("ply_data_all_0.h5: data: found shape [14, 4, 3], needed [blocks, points, 9]", Assert.Throws<DataException>(() => Load("s3dis")).Message);
        Write("s3dis/ply_data_all_0.h5", new float[14, 4, 9], new byte[14, 3]);
        Assert.EndsWith("ply_data_all_0.h5: label: found shape [14, 3], needed [14, 4]", Assert.Throws<DataException>(() => Load("s3dis")).Message);

        var labels = new byte[14, 4];
        labels[2, 1] = 13;
        Write("s3dis/ply_data_all_0.h5", new float[14, 4, 9], labels);
        Assert.EndsWith("label [2, 1]: found 13, needed a whole number from 0 to 12", Assert.Throws<DataException>(() => Load("s3dis")).Message);
    }

    [Fact]
    public void A_file_cut_or_changed_anywhere_is_read_or_refused()
    {
        WriteS3dis();
        var path = _folder.File("s3dis/ply_data_all_0.h5");
        var bytes = File.ReadAllBytes(path);
        var random = new Random(4);
        var refused = 0;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 250; i++)
        {
            var mutant = i < 50 ? bytes[..(bytes.Length * i / 50)] : bytes.ToArray();
            if (i >= 50) { mutant[random.Next(mutant.Length)] = (byte)random.Next(256); }
            File.WriteAllBytes(path, mutant);
            try { Load("s3dis"); }
            catch (DataException) { refused++; }
        }

        Assert.True(refused >= 50, $"{refused} refused");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(180), watch.Elapsed.ToString());
    }

    [Theory]
    [InlineData("s3dis", 9, "point")]
    [InlineData("modelnet40", 3, "cloud")]
    public void The_published_layouts_train(string name, int channels, string unit)
    {
        WriteS3dis();
        WriteModelNet();
        TorchRuntime.Start(seed: 1);
        var spec = new RunSpec
        {
            Data = new() { Dataset = name },
            Model = new()
            {
                Convolution = Convolution.Edge, Backbone = Backbone.Res, Normalization = Normalization.Batch, Layers = 3, HiddenChannels = 4,
                FusionChannels = 8, PredictionHidden = [8, 4], Neighborhood = new() { K = 2 },
            },
            Training = new() { Sampling = new() { Points = 4 } },
        };
        Assert.Empty(RunSpecValidation.Faults(spec));
        using var loop = new TrainingLoop(spec, LearningTasks.Create(spec, [_folder.Path], null, TorchSharp.torch.CPU), TorchSharp.torch.CPU);

        var started = loop.Task.Describe();
        Assert.Equal((channels, unit), (started.Features, started.Unit));
        var epoch = loop.RunEpoch();
        Assert.All([epoch.TrainMetric, epoch.ValidMetric, epoch.TestMetric], value => Assert.InRange(value, 0, 1));
        Assert.All([epoch.TrainLoss, epoch.ValidLoss, epoch.TestLoss], value => Assert.True(double.IsFinite(value)));
    }

    private void AssertRefused(string file, string content, string message)
    {
        WriteS3dis();
        File.WriteAllText(_folder.File("s3dis/" + file), content);
        Assert.Equal($"{_folder.File("s3dis/" + file)}: {message}", Assert.Throws<DataException>(() => Load("s3dis")).Message);
    }

    /// <summary>Fourteen blocks of four points; numbers count up, so that each place is known.</summary>
    private void WriteS3dis()
    {
        Directory.CreateDirectory(_folder.File("s3dis"));
        File.WriteAllText(_folder.File("s3dis/all_files.txt"), "indoor3d_sem_seg_hdf5_data/ply_data_all_0.h5\n");
        File.WriteAllText(_folder.File("s3dis/room_filelist.txt"), string.Concat(Enumerable.Range(0, 14).Select(i => $"Area_{(i % 6) + 1}_office_{i}\n")));
        var (data, labels) = (new float[14, 4, 9], new byte[14, 4]);
        for (var k = 0; k < data.Length; k++) { data[k / 36, k / 9 % 4, k % 9] = k; }
        for (var k = 0; k < labels.Length; k++) { labels[k / 4, k % 4] = (byte)(k % 13); }
        Write("s3dis/ply_data_all_0.h5", data, labels);
    }

    private void WriteModelNet()
    {
        Directory.CreateDirectory(_folder.File("modelnet40"));
        File.WriteAllText(_folder.File("modelnet40/shape_names.txt"), "airplane\nbathtub\n");
        foreach (var (part, count) in new[] { ("train", 50), ("test", 10) })
        {
            File.WriteAllText(_folder.File($"modelnet40/{part}_files.txt"), $"data/modelnet40_ply_hdf5_2048/ply_data_{part}0.h5\n");
            var (data, labels) = (new float[count, 4, 3], new byte[count, 1]);
            for (var k = 0; k < data.Length; k++) { data[k / 12, k / 3 % 4, k % 3] = k; }
            for (var k = 0; k < count; k++) { labels[k, 0] = (byte)(k % 2); }
            Write($"modelnet40/ply_data_{part}0.h5", data, labels, packed: part == "train");
        }
    }

    private void Write(string name, float[,,] data, byte[,] labels, bool packed = true)
    {
        var creation = new H5DatasetCreation(Filters: [ShuffleFilter.Id, DeflateFilter.Id]);
        var file = packed
            ? new H5File
            {
                ["data"] = new H5Dataset(data, chunks: [1, (uint)data.GetLength(1), (uint)data.GetLength(2)], datasetCreation: creation),
                ["label"] = new H5Dataset(labels, chunks: [1, (uint)labels.GetLength(1)], datasetCreation: creation),
            }
            : new H5File { ["data"] = data, ["label"] = labels };
        file.Write(_folder.File(name));
    }

    private PointCloudDataset Load(string name) => PointCloudDatasets.Load(new() { Dataset = name }, [_folder.Path]);
}
