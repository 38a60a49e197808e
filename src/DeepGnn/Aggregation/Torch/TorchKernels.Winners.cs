using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Torch;

/// <summary>Edge features at the edges that won a maximum. Channels go one by one: all at once would need [N, D, K].</summary>
internal sealed partial class TorchKernels
{
    /// <summary>Mapped features of edge winner[i, d] in channel d, [N, D].</summary>
    private static Tensor AtWinners(EdgeFeatures edges, Tensor winner)
    {
        if (edges.Weight is null) { return edges.Rows.gather(0, winner); }
        var columns = Enumerable.Range(0, (int)winner.shape[1]).Select(d =>
            edges.Rows.index_select(0, winner.select(1, d)).matmul(edges.Weight[d]));
        var all = stack([.. columns], dim: 1);
        return edges.Bias is null ? all : all + edges.Bias;
    }

    private static void TakeWinners(EdgeFeatures edges, Tensor winner, Tensor sent, EdgeFeatureGradients found)
    {
        found.Bias?.add_(sent.sum(dim: 0));
        if (edges.Weight is null)
        {
            found.Rows?.scatter_add_(0, winner, sent);
            return;
        }

        for (var d = 0; d < winner.shape[1]; d++)
        {
            using var scope = NewDisposeScope();
            var (edge, g) = (winner.select(1, d), sent.select(1, d).unsqueeze(1)); // [N], [N, 1]
            found.Rows?.index_add_(0, edge, g * edges.Weight[d], 1);
            found.Weight?.select(0, d).add_((g * edges.Rows.index_select(0, edge)).sum(dim: 0));
        }
    }
}
