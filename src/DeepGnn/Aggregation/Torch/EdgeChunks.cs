using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Torch;

/// <summary>Consecutive edges of bounded size: gathered rows of one chunk are the largest temporary tensors there are.</summary>
internal sealed class EdgeChunks(Graph graph, Messages messages)
{
    /// <summary>Values in one gathered chunk: 4 MiB in float32, beyond which bigger chunks gain no speed.</summary>
    private const long ValuesPerChunk = 1 << 20;

    private readonly EdgeIndex _index = graph.IndexOn(messages.Nodes.device);

    /// <summary>Calls <paramref name="work"/> chunk by chunk in a dispose scope of its own.</summary>
    public void Each(Action<Chunk> work)
    {
        var size = Math.Max(1, ValuesPerChunk / Math.Max(1, messages.Width));
        for (long first = 0; first < graph.EdgeCount; first += size)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(size, graph.EdgeCount - first);
            var source = _index.Sources.narrow(0, first, count);
            var z = messages.Nodes.index_select(0, source);
            if (messages.Edges is not null) { z += messages.Edges.Some(first, count); }
            work(new Chunk(first, count, source, _index.Targets.narrow(0, first, count), z, messages));
        }
    }

    /// <summary>Number of incoming edges, at least 1, as [N, 1].</summary>
    public Tensor Degrees() => _index.Degrees.to(messages.Nodes.dtype).clamp_min(1).unsqueeze(1);
}

/// <summary>Edges <paramref name="First"/> to First + Count − 1 and their z, [Count, D].</summary>
internal sealed record Chunk(long First, long Count, Tensor Source, Tensor Target, Tensor Z, Messages Messages)
{
    /// <summary>m, [Count, D].</summary>
    public Tensor M => Messages.Rectified ? Z.relu().add(Messages.Epsilon) : Z;

    /// <summary>d loss / d z from d loss / d m.</summary>
    public Tensor ToInput(Tensor g) => Messages.Rectified ? g * Z.gt(0) : g;
}
