using System.Numerics;
using System.Runtime.Intrinsics;

namespace DeepGnn.Graphs;

/// <summary>
/// A k-d tree over one cloud of few dimensions, whose leaves are scanned a vector at a time. A box is passed over only when it is farther than
/// the worst neighbour kept: distances to boxes are rounded as distances to points are, so the search stays exact.
/// Source: Bentley, "Multidimensional binary search trees used for associative searching", 1975.
/// </summary>
internal sealed class NeighborTree<T, TKey>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TKey : unmanaged, IBinaryInteger<TKey>, IUnsignedNumber<TKey>
{
    private const int PointsPerLeaf = 32;
    private readonly T[] _points;     // [N, C]
    private readonly int _dimensions;
    private readonly List<Node> _nodes = [];
    private readonly List<int> _indices = [];  // of the points leaf by leaf, each leaf filled up to whole vectors
    private readonly T[] _columns;    // [leaf, C, vector]: coordinates of a leaf's points side by side, NaN where filled up
    private readonly int[] _indexArray;

    /// <param name="points">[N, C] row by row.</param>
    /// <param name="dimensions">C.</param>
    public NeighborTree(T[] points, int dimensions)
    {
        (_points, _dimensions) = (points, dimensions);
        var order = Enumerable.Range(0, points.Length / dimensions).ToArray();
        Build(order, new TKey[order.Length]);
        _indexArray = [.. _indices];
        _columns = new T[_indexArray.Length * dimensions];
        foreach (var leaf in _nodes.Where(node => node.IsLeaf))
        {
            for (var p = 0; p < leaf.Count; p++)
            {
                for (var c = 0; c < dimensions; c++)
                {
                    var index = _indexArray[leaf.First + p];
                    _columns[(leaf.First * dimensions) + (c * leaf.Count) + p] = index < 0 ? T.NaN : points[(index * dimensions) + c];
                }
            }
        }
    }

    /// <summary>The points in an order in which those near in space follow one another.</summary>
    public int[] Order => [.. _indexArray.Where(index => index >= 0)];

    /// <summary>Offers every point that may be among the nearest of point <paramref name="centre"/>.</summary>
    public void Search(int centre, ref NearestKept<T, TKey> kept) => Visit(0, T.Zero, _points.AsSpan(centre * _dimensions, _dimensions), ref kept);

    private void Visit(int at, T distance, ReadOnlySpan<T> centre, ref NearestKept<T, TKey> kept)
    {
        if (distance > kept.Worst) { return; }
        var node = _nodes[at];
        if (node.IsLeaf)
        {
            Scan(node, centre, ref kept);
            return;
        }

        var (left, right) = (ToBox(node.Left, centre), ToBox(node.Right, centre));
        if (left <= right)
        {
            Visit(node.Left, left, centre, ref kept);
            Visit(node.Right, right, centre, ref kept);
        }
        else
        {
            Visit(node.Right, right, centre, ref kept);
            Visit(node.Left, left, centre, ref kept);
        }
    }

    private unsafe void Scan(Node leaf, ReadOnlySpan<T> centre, ref NearestKept<T, TKey> kept)
    {
        fixed (T* columns = &_columns[leaf.First * _dimensions])
        fixed (int* indices = &_indexArray[leaf.First])
        {
            for (var p = 0; p < leaf.Count; p += Vector256<T>.Count)
            {
                var sum = Vector256<T>.Zero;
                for (var c = 0; c < centre.Length; c++)
                {
                    var apart = Vector256.Load(columns + (c * leaf.Count) + p) - Vector256.Create(centre[c]);
                    sum += apart * apart;
                }

                kept.Offer(sum, indices + p);
            }
        }

        kept.Cut();
    }

    private T ToBox(int at, ReadOnlySpan<T> centre)
    {
        var bounds = _nodes[at].Bounds;
        var sum = T.Zero;
        for (var c = 0; c < centre.Length; c++)
        {
            var apart = T.Max(T.Max(bounds[c] - centre[c], centre[c] - bounds[centre.Length + c]), T.Zero);
            sum += apart * apart;
        }

        return sum;
    }

    private int Build(Span<int> order, Span<TKey> keys)
    {
        var at = _nodes.Count;
        var bounds = Bounds(order);
        if (order.Length <= PointsPerLeaf)
        {
            var filled = (order.Length + Vector256<T>.Count - 1) / Vector256<T>.Count * Vector256<T>.Count;
            _nodes.Add(new Node(bounds, -1, -1, _indices.Count, filled));
            foreach (var index in order) { _indices.Add(index); }
            for (var p = order.Length; p < filled; p++) { _indices.Add(-1); }
            return at;
        }

        var widest = Enumerable.Range(0, _dimensions).MaxBy(c => bounds[_dimensions + c] - bounds[c]);
        for (var i = 0; i < order.Length; i++) { keys[i] = NearestKept<T, TKey>.Key(_points[(order[i] * _dimensions) + widest], order[i]); }
        var middle = order.Length / 2;
        KeyOrder.Place(keys, new TKey[keys.Length + Vector512<ulong>.Count], 0, [middle]);
        for (var i = 0; i < order.Length; i++) { order[i] = NearestKept<T, TKey>.Index(keys[i]); }
        _nodes.Add(default);
        var left = Build(order[..middle], keys[..middle]);
        var right = Build(order[middle..], keys[middle..]);
        _nodes[at] = new Node(bounds, left, right, 0, 0);
        return at;
    }

    private T[] Bounds(ReadOnlySpan<int> order)
    {
        var bounds = new T[2 * _dimensions];
        for (var c = 0; c < _dimensions; c++)
        {
            var (low, high) = (T.PositiveInfinity, T.NegativeInfinity);
            foreach (var index in order)
            {
                var x = _points[(index * _dimensions) + c];
                (low, high) = (T.Min(low, x), T.Max(high, x));
            }

            (bounds[c], bounds[_dimensions + c]) = (low, high);
        }

        return bounds;
    }

    private readonly record struct Node(T[] Bounds, int Left, int Right, int First, int Count)
    {
        public bool IsLeaf => Left < 0;
    }
}
