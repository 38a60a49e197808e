using System.Numerics;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Takes the gradient of mapped edge features apart: rows belong to one thread each; maps and biases are gathered by piece of work and
/// added up in order.
/// </summary>
internal sealed unsafe class EdgeSink<T> : IDisposable where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly EdgeFeatures? _edges;
    private readonly Tensor? _rowGradients;
    private readonly Tensor? _mapPieces;
    private readonly Tensor? _biasPieces;
    private readonly T* _rows;
    private readonly T* _map;
    private readonly T* _toRows;
    private readonly T* _toMap;
    private readonly T* _toBias;
    private readonly int _features;
    private readonly int _width;

    /// <param name="edges">Features with the map transposed, [K, D].</param>
    /// <param name="needed">What to gather.</param>
    /// <param name="width">D.</param>
    public EdgeSink(EdgeFeatures? edges, NeededOfEdges needed, int width)
    {
        _edges = edges;
        _width = width;
        _features = edges is null ? 0 : (int)edges.Rows.shape[1];
        _rowGradients = needed.Rows ? zeros_like(edges!.Rows) : null;
        _mapPieces = needed.Weight ? zeros(RowWork.Pieces, _features * width, edges!.Rows.dtype) : null;
        _biasPieces = needed.Bias ? zeros(RowWork.Pieces, width, edges!.Rows.dtype) : null;
        _rows = Rows.Of<T>(edges?.Rows);
        _map = Rows.Of<T>(edges?.Weight);
        _toRows = Rows.Of<T>(_rowGradients);
        _toMap = Rows.Of<T>(_mapPieces);
        _toBias = Rows.Of<T>(_biasPieces);
        Any = needed.Any;
    }

    /// <summary>Whether anything is gathered.</summary>
    public bool Any { get; }

    /// <summary>Takes d loss / d (mapped row of <paramref name="edge"/>).</summary>
    public void Take(int piece, int edge, T* sent)
    {
        if (!Any) { return; }
        for (var d = 0; d < _width; d += Vector<T>.Count)
        {
            var count = _width - d;
            var g = Lanes.Load(sent + d, count);
            if (_toBias != null) { AddTo(_toBias + ((long)piece * _width) + d, g, count); }
            if (_map == null)
            {
                if (_toRows != null) { Lanes.Store(g, _toRows + ((long)edge * _width) + d, count); }
                continue;
            }

            for (var k = 0; k < _features; k++)
            {
                var a = (long)edge * _features;
                if (_toRows != null) { _toRows[a + k] += Vector.Sum(g * Lanes.Load(_map + ((long)k * _width) + d, count)); }
                if (_toMap != null) { AddTo(_toMap + ((((long)piece * _features) + k) * _width) + d, g * new Vector<T>(_rows[a + k]), count); }
            }
        }
    }

    /// <summary>The same for one channel.</summary>
    public void Take(int piece, int edge, int channel, T g)
    {
        if (_toBias != null) { _toBias[((long)piece * _width) + channel] += g; }
        if (_map == null)
        {
            if (_toRows != null) { _toRows[((long)edge * _width) + channel] = g; }
            return;
        }

        for (var k = 0; k < _features; k++)
        {
            var a = ((long)edge * _features) + k;
            if (_toRows != null) { _toRows[a] += g * _map[((long)k * _width) + channel]; }
            if (_toMap != null) { _toMap[((((long)piece * _features) + k) * _width) + channel] += g * _rows[a]; }
        }
    }

    /// <summary>What was gathered, the map's gradient as [D, K] again.</summary>
    public EdgeFeatureGradients Found() => new(
        _rowGradients,
        _mapPieces?.sum(dim: 0).view(_features, _width).t().contiguous(),
        _biasPieces?.sum(dim: 0));

    public void Dispose()
    {
        _mapPieces?.Dispose();
        _biasPieces?.Dispose();
        GC.KeepAlive(_edges);
    }

    private static void AddTo(T* to, Vector<T> g, int count) => Lanes.Store(Lanes.Load(to, count) + g, to, count);
}
