using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Makes z of one edge a vector at a time.</summary>
internal readonly unsafe struct PairRows<T>(Pairs pairs, int width, double slope) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _sources = Rows.Of<T>(pairs.Sources);
    private readonly T* _targets = Rows.Of<T>(pairs.Targets);
    private readonly EdgeRows<T> _edges = new(pairs.Edges, width);
    private readonly T _slope = T.CreateChecked(slope);

    /// <summary>z of up to a vector of channels from d on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Z(int source, int target, int edge, int d, int count)
    {
        var z = Lanes.Load(_sources + ((long)source * width) + d, count) + Lanes.Load(_targets + ((long)target * width) + d, count);
        return _edges.Add(z, edge, d, count);
    }

    /// <summary>leakyrelu(z).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Activated(Vector<T> z) =>
        Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), z, z * new Vector<T>(_slope));

    /// <summary>g·leakyrelu'(z).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Passed(Vector<T> z, Vector<T> g) =>
        Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), g, g * new Vector<T>(_slope));
}
