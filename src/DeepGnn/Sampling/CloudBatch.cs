using DeepGnn.Datasets.PointClouds;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Sampling;

/// <summary>Some clouds or blocks side by side, as a <see cref="Models.PointModel"/> takes them.</summary>
/// <param name="Points">[Σ P, 3 + K] float32: coordinates, then features.</param>
/// <param name="Clouds">Which cloud each row is of.</param>
/// <param name="Labels">One for each row (segmentation) or each cloud (classification).</param>
public sealed record CloudBatch(Tensor Points, GraphBatch Clouds, long[] Labels)
{
    /// <summary>Puts the clouds one after the other; the tensor belongs to the surrounding dispose scope.</summary>
    /// <param name="clouds">At least one, all with as many features and labels of one kind.</param>
    /// <param name="device">Where the points go.</param>
    public static CloudBatch Of(IReadOnlyList<PointCloud> clouds, Device device)
    {
        var width = 3 + clouds[0].Features.ColumnCount;
        var rows = clouds.Sum(cloud => cloud.PointCount);
        var (values, owners, labels) = (new float[rows * width], new int[rows], new List<long>(rows));
        var row = 0;
        for (var c = 0; c < clouds.Count; c++)
        {
            var cloud = clouds[c];
            for (var i = 0; i < cloud.PointCount; i++, row++)
            {
                owners[row] = c;
                cloud.Positions.AsSpan(3 * i, 3).CopyTo(values.AsSpan(row * width));
                cloud.Features.Row(i).CopyTo(values.AsSpan((row * width) + 3));
            }

            if (cloud.Label is { } label) { labels.Add(label); } else { labels.AddRange(cloud.PointLabels!.Select(found => (long)found)); }
        }

        return new(tensor(values, [rows, width], device: device), new GraphBatch(owners, clouds.Count), [.. labels]);
    }
}
