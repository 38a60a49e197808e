using System.Numerics;
using DeepGnn.Aggregation.Simd;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Scans distances a vector at a time; only candidates nearer than the worst kept one are looked at singly.</summary>
internal static unsafe class NeighborScan<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int OnStack = 1024;

    /// <summary>All points of a cloud, [C, N], against each other. <paramref name="found"/> holds <paramref name="count"/> indices a centre.</summary>
    public static void ByDifferences(Tensor columns, Memory<int> found, int count, bool loop, int offset)
    {
        var (dimensions, points) = ((int)columns.shape[0], (int)columns.shape[1]);
        var x = Rows.Of<T>(columns);
        Each(points, centre =>
        {
            Span<T> kept = count <= OnStack ? stackalloc T[count] : new T[count];
            var best = new Best(found.Span.Slice(centre * count, count), kept, loop ? -1 : centre, offset);
            for (var j = 0; j < points; j += Vector<T>.Count)
            {
                var lanes = Math.Min(Vector<T>.Count, points - j);
                var sum = Vector<T>.Zero;
                for (var c = 0; c < dimensions; c++)
                {
                    var column = x + ((long)c * points);
                    var apart = Lanes.Load(column + j, lanes) - new Vector<T>(column[centre]);
                    sum += apart * apart;
                }

                best.Offer(sum, j, lanes);
            }
        });
    }

    /// <summary>Rows of a matrix of distances, [centres, N]; the first row's centre is point <paramref name="first"/> of the cloud.</summary>
    public static void ByMatrix(Tensor distances, Memory<int> found, int count, bool loop, int first, int offset)
    {
        var (centres, points) = ((int)distances.shape[0], (int)distances.shape[1]);
        var from = Rows.Of<T>(distances);
        Each(centres, row =>
        {
            Span<T> kept = count <= OnStack ? stackalloc T[count] : new T[count];
            var best = new Best(found.Span.Slice(row * count, count), kept, loop ? -1 : first + row, offset);
            for (var j = 0; j < points; j += Vector<T>.Count)
            {
                var lanes = Math.Min(Vector<T>.Count, points - j);
                best.Offer(Lanes.Load(from + ((long)row * points) + j, lanes), j, lanes);
            }
        });
    }

    private static void Each(int count, Action<int> work)
    {
        const int together = 64;
        var pieces = (count + together - 1) / together;
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) }, piece =>
        {
            for (var i = piece * together; i < Math.Min(count, (piece + 1) * together); i++) { work(i); }
        });
    }

    /// <summary>The nearest so far, nearest first; of equal distances the one met first stays ahead.</summary>
    private ref struct Best(Span<int> indices, Span<T> distances, int skip, int offset)
    {
        private readonly Span<int> _indices = indices;
        private readonly Span<T> _distances = distances;
        private Vector<T> _worst = new(T.PositiveInfinity);
        private int _count;

        public void Offer(Vector<T> candidates, int first, int lanes)
        {
            if (!Vector.LessThanAny(candidates, _worst)) { return; }
            for (var lane = 0; lane < lanes; lane++)
            {
                if (first + lane != skip && candidates[lane] < _worst[0]) { Insert(candidates[lane], first + lane); }
            }
        }

        private void Insert(T distance, int index)
        {
            var at = _count < _indices.Length ? _count++ : _count - 1;
            for (; at > 0 && _distances[at - 1] > distance; at--)
            {
                _distances[at] = _distances[at - 1];
                _indices[at] = _indices[at - 1];
            }

            _distances[at] = distance;
            _indices[at] = index + offset;
            if (_count == _indices.Length) { _worst = new Vector<T>(_distances[_count - 1]); }
        }
    }
}
