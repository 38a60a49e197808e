using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Products of matrices that lie in the nearest caches: a few rows of node features and a weight matrix. libtorch's products want a call each, with
/// threads of their own to wake; these are part of a pass over rows. Each entry is summed in the order of k, whatever rows are taken together.
/// </summary>
internal static unsafe class BlockProduct<T> where T : unmanaged
{
    /// <summary>Columns of a panel: <see cref="Pack"/>.</summary>
    public static int PanelWidth => 2 * Vector256<T>.Count;

    /// <summary>C = A·B, A [rows, inner], B [inner, width].</summary>
    public static void Times(T* a, int rows, int inner, T* b, int width, T* c) => Run(new(a, inner, 1), rows, inner, b, width, c, add: false);

    /// <summary>C += Aᵀ·B, A [inner, rows], B [inner, width].</summary>
    public static void AddTransposedTimes(T* a, int rows, int inner, T* b, int width, T* c) => Run(new(a, 1, rows), rows, inner, b, width, c, add: true);

    /// <summary>Bᵀ [width, inner] laid out so that a product reads it in order: panels of <see cref="PanelWidth"/> columns of B, zeros after the last.</summary>
    public static void Pack(T* transposed, int inner, int width, T* panels)
    {
        for (var d = 0; d < width; d += PanelWidth, panels += (long)PanelWidth * inner)
        {
            for (var column = 0; column < PanelWidth; column++)
            {
                var from = d + column < width ? transposed + ((long)(d + column) * inner) : null;
                for (var k = 0; k < inner; k++) { panels[((long)k * PanelWidth) + column] = from == null ? default : from[k]; }
            }
        }
    }

    /// <summary>The same from B [inner, width] itself, of whole panels.</summary>
    public static void PackRows(T* b, int inner, int width, T* panels)
    {
        for (var k = 0; k < inner; k++, b += width)
        {
            var to = panels + ((long)k * PanelWidth);
            for (var d = 0; d < width; d += PanelWidth, to += (long)inner * PanelWidth)
            {
                Vector256.Load(b + d).Store(to);
                Vector256.Load(b + d + Vector256<T>.Count).Store(to + Vector256<T>.Count);
            }
        }
    }

    /// <summary>C = A·B (or C += A·B) with B packed: A [rows, inner], C [rows, width rounded up to whole panels].</summary>
    public static void TimesPacked(T* a, int rows, int inner, T* panels, int width, T* c, bool add = false) =>
        RunPacked(new(a, inner, 1), rows, inner, panels, width, c, add);

    /// <summary>C += Aᵀ·B with B packed: A [inner, rows], C [rows, width] of whole panels.</summary>
    public static void AddTransposedTimesPacked(T* a, int rows, int inner, T* panels, int width, T* c) =>
        RunPacked(new(a, 1, rows), rows, inner, panels, width, c, add: true);

    private static void RunPacked(Left a, int rows, int inner, T* panels, int width, T* c, bool add)
    {
        var step = (width + PanelWidth - 1) / PanelWidth * PanelWidth;
        for (var d = 0; d < width; d += PanelWidth, panels += (long)PanelWidth * inner)
        {
            Columns(a, rows, inner, panels, PanelWidth, c + d, step, add);
        }
    }

    private static void Run(Left a, int rows, int inner, T* b, int width, T* c, bool add)
    {
        var d = 0;
        for (; d + PanelWidth <= width; d += PanelWidth) { Columns(a, rows, inner, b + d, width, c + d, width, add); }

        for (var i = 0; i < rows && d < width; i++) { Rest(a.From(i), inner, b, d, width, c + ((long)i * width), add); }
    }

    // A panel's columns of all rows: two vectors of AVX2, one of AVX-512.
    private static void Columns(Left a, int rows, int inner, T* b, int step, T* c, int width, bool add)
    {
        for (var i = 0; i < rows;)
        {
            // Four rows (six) take less time than three (five) as a pair and one: the last row is written again, as it was.
            if (!add && i > 0 && rows - i is 3 or 5) { i--; }
            var (from, to) = (a.From(i), (nint)(c + ((long)i * width)));
            switch (rows - i)
            {
                case >= 16 when Vector512.IsHardwareAccelerated: Sixteen(from, inner, b, step, (T*)to, width, add); i += 16; break;
                case >= 6: Six(from, inner, b, step, (T*)to, width, add); i += 6; break;
                case >= 4: Four(from, inner, b, step, (T*)to, width, add); i += 4; break;
                case >= 2: Pair(from, inner, b, step, (T*)to, width, add); i += 2; break;
                default: One(from, inner, b, step, (T*)to, add); i++; break;
            }
        }
    }

    private static void Sixteen(Left a, int inner, T* b, int step, T* c, int width, bool add)
    {
        T* x0 = a.First, x4 = x0 + (4 * a.RowStride), x8 = x4 + (4 * a.RowStride), x12 = x8 + (4 * a.RowStride);
        nint next = a.RowStride, second = 2 * next, third = 3 * next, along = a.InnerStride;
        var (s0, s4, s8, s12) = (new FourRows(c, width, add), new FourRows(c + (4 * width), width, add), new FourRows(c + (8 * width), width, add), new FourRows(c + (12 * width), width, add));
        for (var k = 0; k < inner; k++, x0 += along, x4 += along, x8 += along, x12 += along, b += step)
        {
            var y = Vector512.Load(b);
            s0.Add(x0, next, second, third, y);
            s4.Add(x4, next, second, third, y);
            s8.Add(x8, next, second, third, y);
            s12.Add(x12, next, second, third, y);
        }

        s0.Store(c, width);
        s4.Store(c + (4 * width), width);
        s8.Store(c + (8 * width), width);
        s12.Store(c + (12 * width), width);
    }

    // Six rows by two vectors: twelve sums, two vectors of B and one value of A are fifteen of AVX2's sixteen registers, and twelve sums keep two
    // multiply-add units busy.
    private static void Six(Left a, int inner, T* b, int step, T* c, int width, bool add)
    {
        var lanes = Vector256<T>.Count;
        T* upper = a.First, lower = upper + (3 * a.RowStride), c3 = c + (3 * width);
        nint next = a.RowStride, second = 2 * next, along = a.InnerStride;
        var (s00, s01) = Start(c, add);
        var (s10, s11) = Start(c + width, add);
        var (s20, s21) = Start(c + (2 * width), add);
        var (s30, s31) = Start(c3, add);
        var (s40, s41) = Start(c3 + width, add);
        var (s50, s51) = Start(c3 + (2 * width), add);
        for (var k = 0; k < inner; k++, upper += along, lower += along, b += step)
        {
            var (left, right) = (Vector256.Load(b), Vector256.Load(b + lanes));
            var x = Vector256.Create(*upper);
            s00 = Plus(s00, x, left);
            s01 = Plus(s01, x, right);
            x = Vector256.Create(upper[next]);
            s10 = Plus(s10, x, left);
            s11 = Plus(s11, x, right);
            x = Vector256.Create(upper[second]);
            s20 = Plus(s20, x, left);
            s21 = Plus(s21, x, right);
            x = Vector256.Create(*lower);
            s30 = Plus(s30, x, left);
            s31 = Plus(s31, x, right);
            x = Vector256.Create(lower[next]);
            s40 = Plus(s40, x, left);
            s41 = Plus(s41, x, right);
            x = Vector256.Create(lower[second]);
            s50 = Plus(s50, x, left);
            s51 = Plus(s51, x, right);
        }

        Store(s00, s01, c);
        Store(s10, s11, c + width);
        Store(s20, s21, c + (2 * width));
        Store(s30, s31, c3);
        Store(s40, s41, c3 + width);
        Store(s50, s51, c3 + (2 * width));
    }

    private static void Four(Left a, int inner, T* b, int step, T* c, int width, bool add)
    {
        T* upper = a.First, lower = upper + (2 * a.RowStride), c2 = c + (2 * width);
        nint next = a.RowStride, along = a.InnerStride;
        var (s00, s01) = Start(c, add);
        var (s10, s11) = Start(c + width, add);
        var (s20, s21) = Start(c2, add);
        var (s30, s31) = Start(c2 + width, add);
        for (var k = 0; k < inner; k++, upper += along, lower += along, b += step)
        {
            var (left, right) = (Vector256.Load(b), Vector256.Load(b + Vector256<T>.Count));
            var x = Vector256.Create(*upper);
            s00 = Plus(s00, x, left);
            s01 = Plus(s01, x, right);
            x = Vector256.Create(upper[next]);
            s10 = Plus(s10, x, left);
            s11 = Plus(s11, x, right);
            x = Vector256.Create(*lower);
            s20 = Plus(s20, x, left);
            s21 = Plus(s21, x, right);
            x = Vector256.Create(lower[next]);
            s30 = Plus(s30, x, left);
            s31 = Plus(s31, x, right);
        }

        Store(s00, s01, c);
        Store(s10, s11, c + width);
        Store(s20, s21, c2);
        Store(s30, s31, c2 + width);
    }

    private static void Pair(Left a, int inner, T* b, int step, T* c, int width, bool add)
    {
        var (s00, s01) = Start(c, add);
        var (s10, s11) = Start(c + width, add);
        T* x = a.First, y = x + a.RowStride;
        for (var k = 0; k < inner; k++, x += a.InnerStride, y += a.InnerStride, b += step)
        {
            var (left, right) = (Vector256.Load(b), Vector256.Load(b + Vector256<T>.Count));
            s00 = Plus(s00, Vector256.Create(*x), left);
            s01 = Plus(s01, Vector256.Create(*x), right);
            s10 = Plus(s10, Vector256.Create(*y), left);
            s11 = Plus(s11, Vector256.Create(*y), right);
        }

        Store(s00, s01, c);
        Store(s10, s11, c + width);
    }

    private static void One(Left a, int inner, T* b, int step, T* c, bool add)
    {
        var (s0, s1) = Start(c, add);
        var x = a.First;
        for (var k = 0; k < inner; k++, x += a.InnerStride, b += step)
        {
            s0 = Plus(s0, Vector256.Create(*x), Vector256.Load(b));
            s1 = Plus(s1, Vector256.Create(*x), Vector256.Load(b + Vector256<T>.Count));
        }

        Store(s0, s1, c);
    }

    // Columns that do not fill two vectors, one at a time.
    private static void Rest(Left a, int inner, T* b, int first, int width, T* c, bool add)
    {
        for (var d = first; d < width; d++)
        {
            var sum = add ? Vector256.CreateScalar(c[d]) : Vector256<T>.Zero;
            for (var k = 0; k < inner; k++)
            {
                sum = Plus(sum, Vector256.CreateScalar(a.First[k * a.InnerStride]), Vector256.CreateScalar(b[((long)k * width) + d]));
            }

            c[d] = sum[0];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<T> Left, Vector256<T> Right) Start(T* c, bool add) =>
        add ? (Vector256.Load(c), Vector256.Load(c + Vector256<T>.Count)) : (Vector256<T>.Zero, Vector256<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<T> left, Vector256<T> right, T* c)
    {
        left.Store(c);
        right.Store(c + Vector256<T>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Plus(Vector256<T> sum, Vector256<T> x, Vector256<T> y) => typeof(T) == typeof(float)
        ? Vector256.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
        : Vector256.MultiplyAddEstimate(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();

    /// <summary>Sums of four rows in AVX-512's vectors.</summary>
    private struct FourRows
    {
        private Vector512<T> _s0, _s1, _s2, _s3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public FourRows(T* c, int width, bool add) => (_s0, _s1, _s2, _s3) = add
            ? (Vector512.Load(c), Vector512.Load(c + width), Vector512.Load(c + (2 * width)), Vector512.Load(c + (3 * width)))
            : (Vector512<T>.Zero, Vector512<T>.Zero, Vector512<T>.Zero, Vector512<T>.Zero);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(T* x, nint next, nint second, nint third, Vector512<T> y)
        {
            _s0 = Plus(_s0, Vector512.Create(*x), y);
            _s1 = Plus(_s1, Vector512.Create(x[next]), y);
            _s2 = Plus(_s2, Vector512.Create(x[second]), y);
            _s3 = Plus(_s3, Vector512.Create(x[third]), y);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(T* c, int width)
        {
            _s0.Store(c);
            _s1.Store(c + width);
            _s2.Store(c + (2 * width));
            _s3.Store(c + (3 * width));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<T> Plus(Vector512<T> sum, Vector512<T> x, Vector512<T> y) => typeof(T) == typeof(float)
            ? Vector512.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
            : Vector512.MultiplyAddEstimate(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();
    }

    /// <summary>A matrix by the distance between rows and between neighbours in a row.</summary>
    private readonly struct Left(T* first, nint rowStride, nint innerStride)
    {
        public readonly T* First = first;
        public readonly nint RowStride = rowStride;
        public readonly nint InnerStride = innerStride;

        public Left From(int row) => new(First + (row * RowStride), RowStride, InnerStride);
    }
}
