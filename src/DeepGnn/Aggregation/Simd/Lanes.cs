using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// Vector loads and stores that also serve the last, incomplete vector of a row, so that each formula is written once. Missing lanes read
/// as zero.
/// </summary>
internal static unsafe class Lanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Load<T>(T* from, int count) where T : unmanaged =>
        count >= Vector<T>.Count ? Vector.Load(from) : LoadTail(from, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(Vector<T> value, T* to, int count) where T : unmanaged
    {
        if (count >= Vector<T>.Count) { Vector.Store(value, to); }
        else { StoreTail(value, to, count); }
    }

    /// <summary>The first <paramref name="count"/> lanes, ones after them.</summary>
    public static Vector<T> Filled<T>(Vector<T> value, int count) where T : unmanaged, INumber<T>
    {
        var lanes = (T*)&value;
        for (var i = count; i < Vector<T>.Count; i++) { lanes[i] = T.One; }
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Exp<T>(Vector<T> x) => typeof(T) == typeof(float)
        ? Exp(x.As<T, float>()).As<float, T>()
        : Vector.Exp(x.As<T, double>()).As<double, T>();

    // The framework's float32 exponential goes by float64 and is 1 + 1e-7 at 0; a softmax over edges is little else than exponentials.
    // e^x = 2^n · e^r with |r| ≤ ln 2 / 2, the Taylor series to r⁷ being off by 5e-9.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Exp(Vector<float> x)
    {
        var bounded = Vector.Min(x, new Vector<float>(88.7f));
        var n = Vector.Round(bounded * new Vector<float>(1.44269504f));
        var r = bounded - (n * new Vector<float>(0.693359375f)) + (n * new Vector<float>(2.12194440e-4f));
        var p = new Vector<float>(1f / 5040);
        p = (p * r) + new Vector<float>(1f / 720);
        p = (p * r) + new Vector<float>(1f / 120);
        p = (p * r) + new Vector<float>(1f / 24);
        p = (p * r) + new Vector<float>(1f / 6);
        p = (p * r) + new Vector<float>(0.5f);
        p = (p * r) + Vector<float>.One;
        p = (p * r) + Vector<float>.One;
        var power = Vector.ShiftLeft(Vector.ConvertToInt32(n) + new Vector<int>(127), 23).As<int, float>();
        // Below the smallest normal number the exponent's bits would run over.
        var found = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(-87.3f)), Vector<float>.Zero, p * power);
        return Vector.ConditionalSelect(Vector.GreaterThan(x, new Vector<float>(88.7f)), new Vector<float>(float.PositiveInfinity), found);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Log<T>(Vector<T> x) => typeof(T) == typeof(float)
        ? Vector.Log(x.As<T, float>()).As<float, T>()
        : Vector.Log(x.As<T, double>()).As<double, T>();

    /// <summary>All bits where a and b have the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Same<T>(Vector<T> a, Vector<T> b) => typeof(T) == typeof(float)
        ? Vector.Equals(a.As<T, int>(), b.As<T, int>()).As<int, T>()
        : Vector.Equals(a.As<T, long>(), b.As<T, long>()).As<long, T>();

    /// <summary>An edge number as the bits of a <typeparamref name="T"/>, so that it can be selected by the same mask as values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Bits<T>(int edge) where T : unmanaged
    {
        if (typeof(T) == typeof(float)) { return Unsafe.BitCast<int, T>(edge); }
        return Unsafe.BitCast<long, T>(edge);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector<T> LoadTail<T>(T* from, int count) where T : unmanaged
    {
        Vector<T> value = default;
        var lanes = (T*)&value;
        for (var i = 0; i < count; i++) { lanes[i] = from[i]; }
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreTail<T>(Vector<T> value, T* to, int count) where T : unmanaged
    {
        var lanes = (T*)&value;
        for (var i = 0; i < count; i++) { to[i] = lanes[i]; }
    }
}
