using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Reductions of y = leakyrelu(z) over the rows of each cloud, z [N, D]: the largest in each channel, and statistics over all rows. Threads share the
/// channels, so that sums do not depend on their number.
/// </summary>
/// <param name="z">[N, D].</param>
/// <param name="cloudOfRow">Length N.</param>
/// <param name="slope">Slope below zero; 1: z itself.</param>
internal sealed unsafe class PooledRows<T>(Tensor z, int[] cloudOfRow, double slope) where T : unmanaged, IFloatingPointIeee754<T>
{
    // Sums of a block are added up apart, so that no digits are lost in many rows.
    private const int Block = 64;

    private readonly int _width = (int)z.shape[1];
    private readonly T* _z = Rows.Of<T>(z);
    private readonly T _slope = T.CreateChecked(slope);

    /// <summary>
    /// y of the largest z of each cloud (the smallest where <paramref name="sign"/> [D] is −1) into [G, D], its row into <paramref name="rows"/>, an integer as
    /// wide as <typeparamref name="T"/>; where asked, mean and variance (divided by N) of all y into [2, D]. Each cloud has a row.
    /// </summary>
    public void Forward(Tensor sign, Tensor winners, Tensor rows, Tensor? moments)
    {
        var clouds = winners.shape[0];
        T* signs = Rows.Of<T>(sign), to = Rows.Of<T>(winners), toRows = MaxRows<T>.Winners(rows), statistics = Rows.Of<T>(moments);
        var lanes = Vector<T>.Count;
        rows.fill_(-1);
        RowWork.Over((_width + lanes - 1) / lanes, cloudOfRow.Length * lanes, (_, first, last) =>
        {
            for (var d = first * lanes; d < Math.Min(_width, last * lanes); d += lanes)
            {
                Largest(d, Lanes.Load(signs + d, _width - d), to, toRows);
                for (var c = 0; c < clouds; c++)
                {
                    var at = to + ((long)c * _width) + d;
                    Lanes.Store(Activated(Lanes.Load(at, _width - d)), at, _width - d);
                }

                if (statistics != null) { Moments(d, statistics); }
            }
        });
    }

    /// <summary>
    /// d loss / d z of rows from <paramref name="firstRow"/> on, as many as <paramref name="found"/> has, from the gradient <paramref name="arrived"/> [G, D] of
    /// the winners' z and, where statistics were taken, d loss / d y = constant + rate·y, rows of <paramref name="shared"/> [2, D].
    /// </summary>
    public void Backward(int firstRow, Tensor arrived, Tensor rows, Tensor? shared, Tensor found)
    {
        T* from = Rows.Of<T>(arrived), winner = MaxRows<T>.Winners(rows), all = Rows.Of<T>(shared), to = Rows.Of<T>(found);
        RowWork.Over((int)found.shape[0], _width, (_, first, last) =>
        {
            for (var i = first; i < last; i++)
            {
                var (row, cloud) = (firstRow + i, (long)cloudOfRow[firstRow + i] * _width);
                var id = new Vector<T>(Lanes.Bits<T>(row));
                for (var d = 0; d < _width; d += Vector<T>.Count)
                {
                    var count = _width - d;
                    var sum = all == null ? Vector<T>.Zero : Shared(Lanes.Load(_z + ((long)row * _width) + d, count), all + d, count);
                    var won = Lanes.Same(Lanes.Load(winner + cloud + d, count), id);
                    sum += Vector.ConditionalSelect(won, Lanes.Load(from + cloud + d, count), Vector<T>.Zero);
                    Lanes.Store(sum, to + ((long)i * _width) + d, count);
                }
            }
        });
    }

    private Vector<T> Shared(Vector<T> z, T* all, int count)
    {
        var g = Lanes.Load(all, count) + (Lanes.Load(all + _width, count) * Activated(z));
        return Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), g, g * new Vector<T>(_slope));
    }

    private void Largest(int d, Vector<T> sign, T* to, T* toRows)
    {
        var (count, none) = (_width - d, new Vector<T>(Lanes.Bits<T>(-1)));
        for (var i = 0; i < cloudOfRow.Length; i++)
        {
            var at = ((long)cloudOfRow[i] * _width) + d;
            var s = sign * Lanes.Load(_z + ((long)i * _width) + d, count);
            var best = sign * Lanes.Load(to + at, count);
            var winner = Lanes.Load(toRows + at, count);
            var takes = Vector.GreaterThan(s, best) | ~Vector.Equals(s, s) | Lanes.Same(winner, none); // not a number wins and stays
            Lanes.Store(Vector.ConditionalSelect(takes, s, best) * sign, to + at, count);
            Lanes.Store(Vector.ConditionalSelect(takes, new Vector<T>(Lanes.Bits<T>(i)), winner), toRows + at, count);
        }
    }

    private void Moments(int d, T* statistics)
    {
        var (count, rows) = (_width - d, cloudOfRow.Length);
        var share = new Vector<T>(T.One / T.CreateChecked(rows));
        var mean = Sum(Vector<T>.Zero, squared: false) * share;
        Lanes.Store(mean, statistics + d, count);
        Lanes.Store(Sum(mean, squared: true) * share, statistics + _width + d, count);

        Vector<T> Sum(Vector<T> around, bool squared)
        {
            var total = Vector<T>.Zero;
            for (var i = 0; i < rows;)
            {
                var sum = Vector<T>.Zero;
                for (var end = Math.Min(rows, i + Block); i < end; i++)
                {
                    var apart = Activated(Lanes.Load(_z + ((long)i * _width) + d, count)) - around;
                    sum += squared ? apart * apart : apart;
                }

                total += sum;
            }

            return total;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<T> Activated(Vector<T> z) => Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<T>.Zero), z, z * new Vector<T>(_slope));
}
