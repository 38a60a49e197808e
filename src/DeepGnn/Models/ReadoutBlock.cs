using Contracts;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Models;

/// <summary>The nodes of each graph become one row: mean, maximum, sum, or mean and maximum side by side.</summary>
internal sealed class ReadoutBlock(Readout readout)
{
    public int Channels(int width) => readout == Readout.MeanMax ? 2 * width : width;

    /// <summary>[N, D] of G graphs gives [G, D], or [G, 2D].</summary>
    public Tensor Of(Tensor h, Graph graph)
    {
        using var scope = NewDisposeScope();
        var batch = graph.Batch ?? new GraphBatch(new int[graph.NodeCount]);
        var rows = readout switch
        {
            Readout.Max => batch.Max(h),
            Readout.Sum => batch.Sum(h),
            Readout.MeanMax => cat([batch.Mean(h), batch.Max(h)], dim: 1),
            _ => batch.Mean(h),
        };
        return rows.MoveToOuterDisposeScope();
    }
}
