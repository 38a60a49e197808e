using static TorchSharp.torch;

namespace DeepGnn.Aggregation;

/// <summary>
/// What travels along edge e from its source j: z_e = x_j, plus a_e where <see cref="Edges"/> are given; the message m_e is z_e itself or, if
/// <see cref="Rectified"/>, relu(z_e) + <see cref="Epsilon"/>. Messages are never stored: kernels make one row at a time.
/// </summary>
/// <param name="Nodes">x, [N, D].</param>
/// <param name="Edges">a, or null.</param>
/// <param name="Rectified">Whether messages are made positive.</param>
/// <param name="Epsilon">Added after rectification, ≥ 0.</param>
public readonly record struct Messages(Tensor Nodes, EdgeFeatures? Edges = null, bool Rectified = false, double Epsilon = 0)
{
    /// <summary>Messages that are the source's features.</summary>
    public static implicit operator Messages(Tensor nodes) => new(nodes);

    /// <summary>The same as the conversion.</summary>
    public static Messages FromTensor(Tensor nodes) => new(nodes);

    internal long Width => Nodes.shape[1];
}
