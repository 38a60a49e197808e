using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>The one way from a spec to what is learnt: the data set's task decides.</summary>
public static class LearningTasks
{
    /// <summary>Reads or generates the data, checks it and puts it on the device with a fresh model. Seed libtorch before.</summary>
    /// <param name="spec">A spec without faults.</param>
    /// <param name="folders">Data folders in the order they are searched.</param>
    /// <param name="download">Fetches a set that is in none of the folders; null to use what is there.</param>
    /// <param name="device">Where tensors live.</param>
    /// <exception cref="DataException">The files are missing, damaged or inconsistent.</exception>
    /// <exception cref="DataSpecException">There is no such set or split, or settings do not fit it.</exception>
    public static LearningTask Create(RunSpec spec, IReadOnlyList<string> folders, DatasetDownload? download, Device device)
    {
        var task = DatasetFiles.Find(spec.Data).Task;
        return task switch
        {
            DatasetTasks.NodeClassification => new NodeTask(spec, NodeDatasets.Load(spec.Data, folders, download), device),
            DatasetTasks.MultiLabelNodeClassification => new NodeTask(spec, NodeDatasets.LoadMultiLabel(spec.Data, folders, download), device),
            DatasetTasks.GraphClassification or DatasetTasks.InductiveNodeClassification or DatasetTasks.SkeletonClassification =>
                new GraphTask(spec, GraphCollections.Load(spec.Data, folders, download), device),
            DatasetTasks.PointCloudSegmentation or DatasetTasks.PointCloudClassification =>
                new CloudTask(spec, PointCloudDatasets.Load(spec.Data, folders, download), device),
            _ => throw new DataSpecException("$.data.dataset", $"found a set for {task}, needed one that can be trained on"),
        };
    }
}
