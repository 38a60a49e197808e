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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Exp<T>(Vector<T> x) => typeof(T) == typeof(float)
        ? Vector.Exp(x.As<T, float>()).As<float, T>()
        : Vector.Exp(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Log<T>(Vector<T> x) => typeof(T) == typeof(float)
        ? Vector.Log(x.As<T, float>()).As<float, T>()
        : Vector.Log(x.As<T, double>()).As<double, T>();

    /// <summary>An edge number as the bits of a <typeparamref name="T"/>, so that it can be selected by the same mask as values.</summary>
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
