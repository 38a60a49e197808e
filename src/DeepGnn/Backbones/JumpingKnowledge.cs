using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Backbones;

/// <summary>How the outputs of all layers become one.</summary>
public enum JumpingMode
{
    /// <summary>Concatenated: L·D channels.</summary>
    Concat,

    /// <summary>The largest in each channel.</summary>
    Max,

    /// <summary>A sum weighted by a node-wise attention from a bidirectional LSTM over the layers.</summary>
    Lstm,
}

/// <summary>
/// Fuses the outputs of L layers. Source: Xu et al., "Representation Learning on Graphs with Jumping Knowledge Networks", arXiv 1806.03536,
/// section 4; PyG JumpingKnowledge.
/// </summary>
public sealed class JumpingKnowledge : nn.Module<IReadOnlyList<Tensor>, Tensor>
{
    private readonly LSTM? lstm;
    private readonly Linear? att;
    private readonly JumpingMode _mode;

    /// <summary>A fusion; D and L matter to the LSTM alone, whose hidden width is L·D/2.</summary>
    /// <param name="mode">How.</param>
    /// <param name="channels">D.</param>
    /// <param name="layers">L.</param>
    public JumpingKnowledge(JumpingMode mode, int channels = 0, int layers = 0) : base(nameof(JumpingKnowledge))
    {
        _mode = mode;
        if (mode == JumpingMode.Lstm)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
            var hidden = layers * channels / 2;
            lstm = nn.LSTM(channels, hidden, batchFirst: true, bidirectional: true);
            att = nn.Linear(2 * hidden, 1);
        }

        RegisterComponents();
    }

    /// <summary>L tensors [N, D] give [N, D], or [N, L·D] concatenated.</summary>
    public override Tensor forward(IReadOnlyList<Tensor> outputs)
    {
        using var scope = NewDisposeScope();
        if (_mode == JumpingMode.Concat) { return cat([.. outputs], dim: -1).MoveToOuterDisposeScope(); }
        var stacked = stack([.. outputs], dim: 1); // [N, L, D]
        if (_mode == JumpingMode.Max) { return stacked.max(1).values.MoveToOuterDisposeScope(); }
        var (states, _, _) = lstm!.call(stacked);
        var shares = att!.call(states).softmax(1); // [N, L, 1]
        return (stacked * shares).sum(dim: 1).MoveToOuterDisposeScope();
    }
}
