using DeepGnn.Graphs;

namespace DeepGnn.Datasets;

/// <summary>
/// Skeleton clips as graphs in space and time: a node for each joint in each frame, edges both ways along the bones of a frame and from each
/// joint to itself in the frame before and after.
/// Source of the graph: Yan et al., "Spatial Temporal Graph Convolutional Networks", arXiv 1801.07455, section 3.2.
/// </summary>
public static class SkeletonGraphs
{
    /// <summary>
    /// Each clip becomes a graph of <paramref name="frames"/> · J nodes (frame by frame) with its class as label. Clips are resampled to that
    /// many frames by linear interpolation. Lengths are measured in the clip's own unit: the root of the mean squared distance of a joint from
    /// the mean of its frame. Features: position from the frame's mean [D], position from the clip's mean [D], velocity (difference of the
    /// frames after and before) [D], which joint [J].
    /// </summary>
    /// <param name="data">Clips of at least one frame.</param>
    /// <param name="frames">T, at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2 frames.</exception>
    public static GraphCollection Of(SkeletonDataset data, int frames = 32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 2);
        var graph = Skeleton(data, frames); // the same for every clip
        var width = (3 * data.Dimensions) + data.JointCount;
        return new()
        {
            Name = data.Name,
            Graphs =
            [
                .. data.Clips.Select((clip, i) => new GraphSample(
                    $"clip-{i}", graph, FeatureMatrix.FromDense(graph.NodeCount, width, Features(data, clip, frames))) { Label = clip.Label }),
            ],
            FeatureCount = width,
            ClassCount = data.ClassNames.Count,
            Target = GraphTarget.Graph,
            Splits = data.Splits,
        };
    }

    private static Graph Skeleton(SkeletonDataset data, int frames)
    {
        var edges = new List<(int, int)>();
        for (var t = 0; t < frames; t++)
        {
            var first = t * data.JointCount;
            foreach (var (a, b) in data.Bones) { Both(first + a, first + b); }
            for (var j = 0; t > 0 && j < data.JointCount; j++) { Both(first + j - data.JointCount, first + j); }
        }

        return new Graph(frames * data.JointCount, [.. edges.Select(edge => edge.Item1)], [.. edges.Select(edge => edge.Item2)]);

        void Both(int a, int b) => edges.AddRange([(a, b), (b, a)]);
    }

    private static float[] Features(SkeletonDataset data, SkeletonClip clip, int frames)
    {
        var (joints, dimensions) = (data.JointCount, data.Dimensions);
        var positions = Resampled(clip, joints * dimensions, frames); // [T, J, D]
        var means = new float[frames + 1, dimensions]; // of each frame, then of the clip
        for (var k = 0; k < positions.Length; k++) { means[k / (joints * dimensions), k % dimensions] += positions[k] / joints; }
        for (var k = 0; k < frames * dimensions; k++) { means[frames, k % dimensions] += means[k / dimensions, k % dimensions] / frames; }
        var squares = positions.Select((value, k) => Math.Pow(value - means[k / (joints * dimensions), k % dimensions], 2)).Sum();
        var unit = (float)Math.Max(Math.Sqrt(squares / (frames * joints)), 1e-6);

        var width = (3 * dimensions) + joints;
        var features = new float[frames * joints * width];
        for (var k = 0; k < positions.Length; k++)
        {
            var (t, joint, d) = (k / (joints * dimensions), k / dimensions % joints, k % dimensions);
            var row = features.AsSpan(k / dimensions * width, width);
            var (before, after) = (Math.Max(t - 1, 0), Math.Min(t + 1, frames - 1));
            row[d] = (positions[k] - means[t, d]) / unit;
            row[dimensions + d] = (positions[k] - means[frames, d]) / unit;
            row[(2 * dimensions) + d] = (At(after) - At(before)) / unit;
            row[(3 * dimensions) + joint] = 1;

            float At(int frame) => positions[(((frame * joints) + joint) * dimensions) + d];
        }

        return features;
    }

    private static float[] Resampled(SkeletonClip clip, int width, int frames)
    {
        var values = new float[frames * width];
        for (var t = 0; t < frames; t++)
        {
            var at = (double)t * (clip.FrameCount - 1) / (frames - 1);
            var (before, share) = ((int)at, (float)(at - (int)at));
            var after = Math.Min(before + 1, clip.FrameCount - 1);
            for (var k = 0; k < width; k++)
            {
                values[(t * width) + k] = ((1 - share) * clip.Positions[(before * width) + k]) + (share * clip.Positions[(after * width) + k]);
            }
        }

        return values;
    }
}
