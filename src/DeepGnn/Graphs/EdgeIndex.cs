using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>A graph's edges as int64 tensors on one device.</summary>
/// <param name="Sources">[E].</param>
/// <param name="Targets">[E].</param>
/// <param name="Degrees">[N]: number of incoming edges.</param>
public sealed record EdgeIndex(Tensor Sources, Tensor Targets, Tensor Degrees);
