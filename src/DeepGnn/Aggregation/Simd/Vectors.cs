using System.Numerics;
using System.Runtime.CompilerServices;

namespace DeepGnn.Aggregation.Simd;

/// <summary>
/// A strip of a row: as many vectors side by side as a loop over neighbours holds in registers. Formulas are written once for a strip of any
/// length; longer ones share the work of finding a neighbour's row.
/// </summary>
internal unsafe interface IVectors<TSelf, T> where TSelf : struct, IVectors<TSelf, T> where T : unmanaged
{
    /// <summary>Values of a strip.</summary>
    static abstract int Count { get; }

    /// <summary>The first <paramref name="count"/> values, zeros after them.</summary>
    static abstract TSelf Load(T* from, int count);

    /// <summary>The same value throughout.</summary>
    static abstract TSelf All(T value);

    /// <summary>All bits where a is greater than b.</summary>
    static abstract TSelf Greater(TSelf a, TSelf b);

    /// <summary>All bits where a new value takes the place of the largest so far: it is larger or not a number, which wins and stays.</summary>
    static abstract TSelf Takes(TSelf value, TSelf best);

    /// <summary>a where the mask has bits, b elsewhere.</summary>
    static abstract TSelf Select(TSelf mask, TSelf a, TSelf b);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>Writes the first <paramref name="count"/> values.</summary>
    void Store(T* to, int count);
}

/// <summary>One vector.</summary>
internal readonly unsafe struct OneVector<T>(Vector<T> a) : IVectors<OneVector<T>, T> where T : unmanaged
{
    private readonly Vector<T> _a = a;

    public static int Count => Vector<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Load(T* from, int count) => new(Lanes.Load(from, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> All(T value) => new(new Vector<T>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Greater(OneVector<T> a, OneVector<T> b) => new(Vector.GreaterThan(a._a, b._a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Takes(OneVector<T> value, OneVector<T> best) => new(Vector.GreaterThan(value._a, best._a) | ~Vector.Equals(value._a, value._a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> Select(OneVector<T> mask, OneVector<T> a, OneVector<T> b) => new(Vector.ConditionalSelect(mask._a, a._a, b._a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> operator +(OneVector<T> a, OneVector<T> b) => new(a._a + b._a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> operator -(OneVector<T> a, OneVector<T> b) => new(a._a - b._a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static OneVector<T> operator *(OneVector<T> a, OneVector<T> b) => new(a._a * b._a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* to, int count)
    {
        Lanes.Store(_a, to, count);
    }
}

/// <summary>Two vectors.</summary>
internal readonly unsafe struct TwoVectors<T>(Vector<T> a, Vector<T> b) : IVectors<TwoVectors<T>, T> where T : unmanaged
{
    private readonly Vector<T> _a = a;
    private readonly Vector<T> _b = b;

    public static int Count => 2 * Vector<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Load(T* from, int count) => new(Lanes.Load(from, count), Lanes.Load(from + Vector<T>.Count, count - Vector<T>.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> All(T value) => new(new Vector<T>(value), new Vector<T>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Greater(TwoVectors<T> a, TwoVectors<T> b) => new(Vector.GreaterThan(a._a, b._a), Vector.GreaterThan(a._b, b._b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Takes(TwoVectors<T> value, TwoVectors<T> best) => new(Vector.GreaterThan(value._a, best._a) | ~Vector.Equals(value._a, value._a), Vector.GreaterThan(value._b, best._b) | ~Vector.Equals(value._b, value._b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> Select(TwoVectors<T> mask, TwoVectors<T> a, TwoVectors<T> b) => new(Vector.ConditionalSelect(mask._a, a._a, b._a), Vector.ConditionalSelect(mask._b, a._b, b._b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> operator +(TwoVectors<T> a, TwoVectors<T> b) => new(a._a + b._a, a._b + b._b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> operator -(TwoVectors<T> a, TwoVectors<T> b) => new(a._a - b._a, a._b - b._b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<T> operator *(TwoVectors<T> a, TwoVectors<T> b) => new(a._a * b._a, a._b * b._b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* to, int count)
    {
        Lanes.Store(_a, to, count);
        Lanes.Store(_b, to + Vector<T>.Count, count - Vector<T>.Count);
    }
}
