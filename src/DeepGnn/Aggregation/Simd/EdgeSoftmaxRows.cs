using System.Numerics;
using DeepGnn.Graphs;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>Softmax over the edges of a target, of few values per edge.</summary>
internal static unsafe class EdgeSoftmaxRows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(Tensor scores, Adjacency incoming, Tensor shares)
    {
        var heads = (int)scores.shape[1];
        var from = Rows.Of<T>(scores);
        var to = Rows.Of<T>(shares);
        RowWork.Run(incoming, heads, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                for (var h = 0; h < heads; h++)
                {
                    var largest = T.NegativeInfinity;
                    foreach (var e in Edges(incoming, i)) { largest = T.Max(largest, from[((long)e * heads) + h]); }
                    var total = T.Zero;
                    foreach (var e in Edges(incoming, i))
                    {
                        var at = ((long)e * heads) + h;
                        to[at] = T.Exp(from[at] - largest);
                        total += to[at];
                    }

                    foreach (var e in Edges(incoming, i)) { to[((long)e * heads) + h] /= total; }
                }
            }
        });
    }

    public static void Backward(Tensor shares, Adjacency incoming, Tensor g, Tensor found)
    {
        var heads = (int)shares.shape[1];
        var share = Rows.Of<T>(shares);
        var from = Rows.Of<T>(g);
        var to = Rows.Of<T>(found);
        RowWork.Run(incoming, heads, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                for (var h = 0; h < heads; h++)
                {
                    var mean = T.Zero;
                    foreach (var e in Edges(incoming, i)) { mean += share[((long)e * heads) + h] * from[((long)e * heads) + h]; }
                    foreach (var e in Edges(incoming, i))
                    {
                        var at = ((long)e * heads) + h;
                        to[at] = share[at] * (from[at] - mean);
                    }
                }
            }
        });
    }

    private static ReadOnlySpan<int> Edges(Adjacency rows, int i) => rows.Edges.AsSpan(rows.Offsets[i], rows.Degree(i));
}
