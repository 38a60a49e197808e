using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Graphs;

/// <summary>Nearest points of each centre in one cloud: by a tree, by differences, or from rows of products. Threads share nothing.</summary>
/// <param name="Found">Where indices go, <paramref name="Ranks"/>.Length for each point of the cloud; −1 where there are too few points.</param>
/// <param name="Ranks">Places among the nearest that are asked for, in the order they are asked for.</param>
/// <param name="Loop">Whether a point is its own nearest neighbour.</param>
/// <param name="First">The cloud's first point; added to all indices.</param>
internal sealed unsafe record NeighborScan<T, TKey>(Memory<int> Found, int[] Ranks, bool Loop, int First)
    where T : unmanaged, IFloatingPointIeee754<T>
    where TKey : unmanaged, IBinaryInteger<TKey>, IUnsignedNumber<TKey>
{
    /// <summary>Distances that are looked at to guess how near the nearest are.</summary>
    public const int Sample = 256;

    private readonly int[] _rising = [.. Ranks.Distinct().Order()];

    /// <summary>How many of the nearest are looked for.</summary>
    public int Wanted { get; } = Ranks.Max() + 1;

    private delegate void Centre(int centre, TKey[] buffer);

    /// <summary>Few dimensions, small neighbourhoods of many points.</summary>
    public void ByTree(Tensor points)
    {
        var dimensions = (int)points.shape[1];
        var x = points.data<T>().ToArray();
        var tree = new NeighborTree<T, TKey>(x, dimensions);
        var order = tree.Order;
        Each(order.Length, (at, buffer) =>
        {
            var centre = order[at];
            var kept = new NearestKept<T, TKey>(buffer, Wanted, Loop ? -1 : centre, T.PositiveInfinity);
            tree.Search(centre, ref kept);
            Hand(centre, ref kept);
        });
    }

    /// <summary>Few dimensions; [C, N].</summary>
    public void ByDifferences(Tensor columns)
    {
        var (dimensions, points) = ((int)columns.shape[0], (int)columns.shape[1]);
        var x = Rows.Of<T>(columns);
        Each(points, (centre, buffer) =>
        {
            var kept = new NearestKept<T, TKey>(buffer, Wanted, Loop ? -1 : centre, T.PositiveInfinity);
            for (var j = 0; j < points; j += Vector256<T>.Count)
            {
                var count = Math.Min(Vector256<T>.Count, points - j);
                var sum = Vector256<T>.Zero;
                for (var c = 0; c < dimensions; c++)
                {
                    var column = x + ((long)c * points);
                    var apart = Load(column + j, count) - Vector256.Create(column[centre]);
                    sum += apart * apart;
                }

                Offer(sum, j, count, ref kept);
            }

            Hand(centre, ref kept);
        });
    }

    /// <summary>
    /// Many dimensions: centres <paramref name="begin"/> to begin + rows − 1 of the cloud from their products with all N points, [rows, N].
    /// The distance is |y|² − 2xy; |x|² is the same for all candidates of a centre and left out.
    /// </summary>
    /// <param name="products">xy.</param>
    /// <param name="squares">|y|², [N].</param>
    /// <param name="begin">The first centre.</param>
    public void ByProducts(Tensor products, Tensor squares, int begin)
    {
        var (centres, points) = ((int)products.shape[0], (int)products.shape[1]);
        var all = Rows.Of<T>(products);
        var square = Rows.Of<T>(squares);
        Each(centres, (row, buffer) => FromProducts(begin + row, all + ((long)row * points), square, points, buffer));
    }

    /// <summary>The same on the CPU, x [N, C] contiguous, without a tensor of products.</summary>
    public void ByProducts(Tensor x, Tensor squares)
    {
        using var pairs = new PairScan<T, TKey>(this, x, squares);
        pairs.Run(x);
    }

    private void FromProducts(int centre, T* product, T* square, int points, TKey[] buffer)
    {
        var skip = Loop ? -1 : centre;
        var kept = new NearestKept<T, TKey>(buffer, Wanted, skip, Guess(product, square, points, buffer));
        kept.OfferProducts(product, square, 0, points);
        if (kept.Count < Math.Min(Wanted, points - (Loop ? 0 : 1)))
        {
            kept = new NearestKept<T, TKey>(buffer, Wanted, skip, T.PositiveInfinity);
            kept.OfferProducts(product, square, 0, points);
        }

        Hand(centre, ref kept);
    }

    // A distance that few more than the wanted points stay below, from every so manieth of them. A guess too low is seen and made good.
    private T Guess(T* product, T* square, int points, TKey[] buffer)
    {
        if (GuessRank(points) is not { } rank) { return T.PositiveInfinity; }
        var kept = new NearestKept<T, TKey>(buffer, rank, -1, T.PositiveInfinity);
        for (var s = 0; s < Sample; s++)
        {
            var j = SamplePoint(s, points);
            kept.Add(square[j] - (T.CreateChecked(2) * product[j]), j);
        }

        kept.Cut();
        return kept.Worst;
    }

    /// <summary>The place among <see cref="Sample"/> of <paramref name="points"/> of a distance that is about never too low, or null: all are wanted.</summary>
    public int? GuessRank(int points)
    {
        var expected = (double)Sample * Wanted / points;
        var rank = (int)(expected + (3 * Math.Sqrt(expected)) + 3);
        return points < 4 * Sample || rank >= Sample / 2 ? null : rank;
    }

    /// <summary>The point that is looked at as number <paramref name="s"/> of <see cref="Sample"/>.</summary>
    public static int SamplePoint(int s, int points) => (int)((long)s * points / Sample);

    /// <summary>Writes what was asked for of a centre's nearest.</summary>
    public void Hand(int centre, ref NearestKept<T, TKey> kept)
    {
        kept.Cut();
        kept.Place(_rising);
        var to = Found.Span.Slice(centre * Ranks.Length, Ranks.Length);
        for (var r = 0; r < to.Length; r++) { to[r] = Ranks[r] < kept.Count ? kept.IndexAt(Ranks[r]) + First : -1; }
    }

    private void Each(int count, Centre work)
    {
        const int together = 32;
        Parallel.For(
            0,
            (count + together - 1) / together,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) },
            () =>
            {
                Denormals.Flush();
                return ArrayPool<TKey>.Shared.Rent(NearestKept<T, TKey>.BufferSize(Math.Max(Wanted, Sample)));
            },
            (piece, _, buffer) =>
            {
                for (var i = piece * together; i < Math.Min(count, (piece + 1) * together); i++) { work(i, buffer); }
                return buffer;
            },
            buffer => ArrayPool<TKey>.Shared.Return(buffer));
    }

    private static void Offer(Vector256<T> distances, int first, int count, ref NearestKept<T, TKey> kept)
    {
        if (count == Vector256<T>.Count) { kept.Offer(distances, first); return; }
        for (var lane = 0; lane < count; lane++) { kept.Offer(distances[lane], first + lane); }
    }

    private static Vector256<T> Load(T* from, int count)
    {
        if (count == Vector256<T>.Count) { return Vector256.Load(from); }
        Span<T> lanes = stackalloc T[Vector256<T>.Count];
        new Span<T>(from, count).CopyTo(lanes);
        return Vector256.Create<T>(lanes);
    }
}
