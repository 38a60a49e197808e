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
    private readonly int _width = (int)messages.Width;

    /// <summary>m of node <paramref name="j"/>, a vector of channels from d on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> At(int j, int d)
    {
        var x = Lanes.Load(_nodes + ((long)j * _width) + d, _width - d);
        return _rectified ? Vector.Max(x, Vector<T>.Zero) + new Vector<T>(_epsilon) : x;
    }

    /// <summary>d loss / d x from d loss / d m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> ToInput(int j, int d, Vector<T> g) => _rectified
        ? Vector.ConditionalSelect(
            Vector.GreaterThan(Lanes.Load(_nodes + ((long)j * _width) + d, _width - d), Vector<T>.Zero), g, Vector<T>.Zero)
        : g;
}
