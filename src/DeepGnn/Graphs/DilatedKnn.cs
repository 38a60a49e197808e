using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>How dilated graphs are made, again and again, from points that change.</summary>
/// <param name="K">Neighbours kept.</param>
/// <param name="Dilation">Every d-th of the k·d nearest is kept.</param>
/// <param name="Epsilon">
/// Probability, while training, of k ranks drawn at random from the k·d nearest instead (one draw for all points); 0 is never. From
/// libtorch's generator.
/// </param>
public sealed record DilatedKnn(int K = 9, int Dilation = 1, double Epsilon = 0)
{
    /// <summary>The graph of <paramref name="points"/> [N, C].</summary>
    public Graph Build(Tensor points, GraphBatch? clouds = null, bool training = false) =>
        KnnGraph.Dilated(points, K, Dilation, clouds, DrawRanks(training));

    /// <summary>k random ranks in [0, k·d), or null where the regular ones are to be taken.</summary>
    internal IReadOnlyList<int>? DrawRanks(bool training)
    {
        if (Epsilon <= 0) { return null; }
        using var scope = NewDisposeScope();
        return rand(1).item<float>() < Epsilon && training
            ? [.. randperm(K * Dilation, int64).data<long>().Take(K).Select(rank => (int)rank)]
            : null;
    }
}
