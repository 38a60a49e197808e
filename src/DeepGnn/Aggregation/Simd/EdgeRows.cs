using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Mapped edge features a vector at a time. The map is kept transposed, [K, D], so that channels lie side by side.</summary>
internal readonly unsafe struct EdgeRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _rows;
    private readonly T* _map;
    private readonly T* _bias;
    private readonly int _features;
    private readonly int _width;

    /// <param name="edges">Features whose <see cref="EdgeFeatures.Weight"/> is already transposed (see <see cref="Transposed"/>), or null.</param>
    /// <param name="width">D.</param>
    public EdgeRows(EdgeFeatures? edges, int width)
    {
        _rows = Rows.Of<T>(edges?.Rows);
        _map = Rows.Of<T>(edges?.Weight);
        _bias = Rows.Of<T>(edges?.Bias);
        _features = edges is null ? 0 : (int)edges.Rows.shape[1];
        _width = width;
    }

    public bool Exist => _rows != null;

    public bool Mapped => _map != null;

    /// <summary>The same features with the map as kernels want it, [K, D].</summary>
    public static EdgeFeatures? Transposed(EdgeFeatures? edges) => edges?.Weight is null ? edges : edges with { Weight = edges.Weight.t().contiguous() };

    /// <summary>z plus up to a vector of channels from d on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Add(Vector<T> z, int edge, int d, int count)
    {
        if (_rows == null) { return z; }
        var row = _rows + ((long)edge * _features);
        return _map == null ? z + Lanes.Load(row + d, count) : Mapping(z, row, d, count);
    }

    private Vector<T> Mapping(Vector<T> z, T* row, int d, int count)
    {
        if (_bias != null) { z += Lanes.Load(_bias + d, count); }
        for (var k = 0; k < _features; k++) { z += new Vector<T>(row[k]) * Lanes.Load(_map + ((long)k * _width) + d, count); }
        return z;
    }

    /// <summary>One channel.</summary>
    public T At(int edge, int channel)
    {
        if (_rows == null) { return T.Zero; }
        var row = _rows + ((long)edge * _features);
        if (_map == null) { return row[channel]; }
        var sum = _bias == null ? T.Zero : _bias[channel];
        for (var k = 0; k < _features; k++) { sum += row[k] * _map[((long)k * _width) + channel]; }
        return sum;
    }
}
