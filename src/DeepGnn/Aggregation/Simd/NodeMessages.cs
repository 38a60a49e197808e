using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Messages without edge features depend on their source alone: what a reduction makes of a message is then computed once for each node, not
/// for each edge.
/// </summary>
internal readonly unsafe struct NodeMessages<T>(Messages messages) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _nodes = Rows.Of<T>(messages.Nodes);
    private readonly bool _rectified = messages.Rectified;
    private readonly T _epsilon = T.CreateChecked(messages.Epsilon);

    /// <summary>D.</summary>
    public int Width { get; } = (int)messages.Width;

    /// <summary>N.</summary>
    public int Count { get; } = (int)messages.Nodes.shape[0];

    /// <summary>z of node <paramref name="j"/>.</summary>
    public T* Row(int j) => _nodes + ((long)j * Width);

    /// <summary>m from a vector of z, of <paramref name="count"/> values if they do not fill it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> At(T* z, int count)
    {
        var x = Lanes.Load(z, count);
        return _rectified ? Vector.Max(x, Vector<T>.Zero) + new Vector<T>(_epsilon) : x;
    }

    /// <summary>d loss / d z from d loss / d m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> ToInput(T* z, int count, Vector<T> g) =>
        _rectified ? Vector.ConditionalSelect(Vector.GreaterThan(Lanes.Load(z, count), Vector<T>.Zero), g, Vector<T>.Zero) : g;
}
