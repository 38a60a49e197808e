using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DeepGnn.Graphs;

/// <summary>
/// Inner products of points that lie in panels of <see cref="Width"/>, coordinate by coordinate, so that a panel serves as rows and as columns alike. A
/// product is summed in the order of the coordinates wherever it lies: x·y and y·x are the same bits.
/// </summary>
internal static unsafe class PanelProduct<T> where T : unmanaged
{
    /// <summary>Rows taken together; divides <see cref="Width"/>.</summary>
    public const int Rows = 4;

    /// <summary>Points of a panel: three of the processor's vectors.</summary>
    public static int Width => 3 * (Vector512.IsHardwareAccelerated ? Vector512<T>.Count : Vector256<T>.Count);

    /// <summary>Lays the first <paramref name="count"/> rows of [·, dimensions] out as a panel, zeros after them.</summary>
    public static void Pack(T* from, int dimensions, int count, T* panel)
    {
        for (var column = 0; column < Width; column++)
        {
            for (var k = 0; k < dimensions; k++) { panel[((long)k * Width) + column] = column < count ? from[((long)column * dimensions) + k] : default; }
        }
    }

    /// <summary>
    /// The products of four points, the first of which is the one <paramref name="rows"/> points to in its panel, with a panel of others, into four rows that
    /// are <paramref name="step"/> apart: twelve sums, which with what they are made of fill AVX2's sixteen registers.
    /// </summary>
    public static void Times(T* rows, T* panel, int dimensions, T* products, int step)
    {
        if (Vector512.IsHardwareAccelerated) { TimesBy512(rows, panel, dimensions, products, step); }
        else { TimesBy256(rows, panel, dimensions, products, step); }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TimesBy512(T* rows, T* panel, int dimensions, T* products, int step)
    {
        var lanes = Vector512<T>.Count;
        var zero = Vector512<T>.Zero;
        var (s00, s01, s02, s10, s11, s12) = (zero, zero, zero, zero, zero, zero);
        var (s20, s21, s22, s30, s31, s32) = (zero, zero, zero, zero, zero, zero);
        for (var end = panel + ((long)dimensions * Width); panel < end; panel += Width, rows += Width)
        {
            var (a, b, c) = (Vector512.Load(panel), Vector512.Load(panel + lanes), Vector512.Load(panel + (2 * lanes)));
            var x = Vector512.Create(rows[0]);
            s00 = Plus(s00, x, a);
            s01 = Plus(s01, x, b);
            s02 = Plus(s02, x, c);
            x = Vector512.Create(rows[1]);
            s10 = Plus(s10, x, a);
            s11 = Plus(s11, x, b);
            s12 = Plus(s12, x, c);
            x = Vector512.Create(rows[2]);
            s20 = Plus(s20, x, a);
            s21 = Plus(s21, x, b);
            s22 = Plus(s22, x, c);
            x = Vector512.Create(rows[3]);
            s30 = Plus(s30, x, a);
            s31 = Plus(s31, x, b);
            s32 = Plus(s32, x, c);
        }

        Store(s00, s01, s02, products);
        Store(s10, s11, s12, products + step);
        Store(s20, s21, s22, products + (2 * step));
        Store(s30, s31, s32, products + (3 * step));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TimesBy256(T* rows, T* panel, int dimensions, T* products, int step)
    {
        var lanes = Vector256<T>.Count;
        var zero = Vector256<T>.Zero;
        var (s00, s01, s02, s10, s11, s12) = (zero, zero, zero, zero, zero, zero);
        var (s20, s21, s22, s30, s31, s32) = (zero, zero, zero, zero, zero, zero);
        for (var end = panel + ((long)dimensions * Width); panel < end; panel += Width, rows += Width)
        {
            var (a, b, c) = (Vector256.Load(panel), Vector256.Load(panel + lanes), Vector256.Load(panel + (2 * lanes)));
            var x = Vector256.Create(rows[0]);
            s00 = Plus(s00, x, a);
            s01 = Plus(s01, x, b);
            s02 = Plus(s02, x, c);
            x = Vector256.Create(rows[1]);
            s10 = Plus(s10, x, a);
            s11 = Plus(s11, x, b);
            s12 = Plus(s12, x, c);
            x = Vector256.Create(rows[2]);
            s20 = Plus(s20, x, a);
            s21 = Plus(s21, x, b);
            s22 = Plus(s22, x, c);
            x = Vector256.Create(rows[3]);
            s30 = Plus(s30, x, a);
            s31 = Plus(s31, x, b);
            s32 = Plus(s32, x, c);
        }

        Store(s00, s01, s02, products);
        Store(s10, s11, s12, products + step);
        Store(s20, s21, s22, products + (2 * step));
        Store(s30, s31, s32, products + (3 * step));
    }

    /// <summary>The transpose of the first <paramref name="columns"/> columns of [size, size], multiples of eight: [columns, size].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Transpose(T* from, int size, int columns, T* to)
    {
        if (typeof(T) == typeof(float) && Avx.IsSupported)
        {
            for (var j = 0; j < columns; j += 8)
            {
                for (var i = 0; i < size; i += 8) { Transpose8((float*)from + (i * size) + j, (float*)to + (j * size) + i, size); }
            }

            return;
        }

        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < columns; j++) { to[(j * size) + i] = from[(i * size) + j]; }
        }
    }

    private static void Transpose8(float* from, float* to, int step)
    {
        var (a, b) = Quads(from, step); // columns 0, 4 and 1, 5 of rows 0 to 3, then 2, 6 and 3, 7
        var (c, d) = Quads(from + (4 * step), step);
        Pair(a.Lower, c.Lower, to, to + (4 * step));
        Pair(a.Upper, c.Upper, to + step, to + (5 * step));
        Pair(b.Lower, d.Lower, to + (2 * step), to + (6 * step));
        Pair(b.Upper, d.Upper, to + (3 * step), to + (7 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ((Vector256<float> Lower, Vector256<float> Upper) Left, (Vector256<float> Lower, Vector256<float> Upper) Right) Quads(float* from, int step)
    {
        var (r0, r1) = (Vector256.Load(from), Vector256.Load(from + step));
        var (r2, r3) = (Vector256.Load(from + (2 * step)), Vector256.Load(from + (3 * step)));
        var (low01, high01, low23, high23) = (Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1), Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3));
        return (
            (Avx.Shuffle(low01, low23, 0x44), Avx.Shuffle(low01, low23, 0xEE)),
            (Avx.Shuffle(high01, high23, 0x44), Avx.Shuffle(high01, high23, 0xEE)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(Vector256<float> above, Vector256<float> below, float* first, float* second)
    {
        Avx.Permute2x128(above, below, 0x20).Store(first);
        Avx.Permute2x128(above, below, 0x31).Store(second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<T> a, Vector512<T> b, Vector512<T> c, T* to)
    {
        a.Store(to);
        b.Store(to + Vector512<T>.Count);
        c.Store(to + (2 * Vector512<T>.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Plus(Vector512<T> sum, Vector512<T> x, Vector512<T> y) => typeof(T) == typeof(float)
        ? Vector512.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
        : Vector512.MultiplyAddEstimate(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<T> a, Vector256<T> b, Vector256<T> c, T* to)
    {
        a.Store(to);
        b.Store(to + Vector256<T>.Count);
        c.Store(to + (2 * Vector256<T>.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Plus(Vector256<T> sum, Vector256<T> x, Vector256<T> y) => typeof(T) == typeof(float)
        ? Vector256.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
        : Vector256.MultiplyAddEstimate(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();
}
