using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DeepGnn.Graphs;

/// <summary>
/// The m smallest of the distances offered, of equal ones those with the smaller index. A distance and its index are one integer key, so that
/// order is a comparison of integers: <typeparamref name="TKey"/> is ulong for float and UInt128 for double. Keys gather in a buffer of more
/// than m places; when it is full, it is cut back to the m smallest, and from then on no larger distance gets in.
/// </summary>
internal ref struct NearestKept<T, TKey>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TKey : unmanaged, IBinaryInteger<TKey>, IUnsignedNumber<TKey>
{
    private readonly Span<TKey> _keys;
    private readonly Span<TKey> _spare;
    private readonly int _wanted;
    private readonly int _skip;
    private Vector256<T> _worst;
    private int _count;

    /// <param name="buffer">At least <see cref="BufferSize"/> places: half for keys, half for putting them in order.</param>
    /// <param name="wanted">m ≥ 1.</param>
    /// <param name="skip">An index that is not kept, or −1.</param>
    /// <param name="limit">Distances above it are not kept.</param>
    public NearestKept(Span<TKey> buffer, int wanted, int skip, T limit)
    {
        _keys = buffer[..(buffer.Length / 2)];
        _spare = buffer[_keys.Length..];
        _wanted = wanted;
        _skip = skip;
        _worst = Vector256.Create(limit);
    }

    /// <summary>Number kept, which may exceed m before <see cref="Cut"/>.</summary>
    public readonly int Count => _count;

    /// <summary>Distances above this are of no interest.</summary>
    public readonly T Worst => _worst[0];

    /// <summary>Room for a run of offers between two cuts.</summary>
    public static int BufferSize(int wanted) => 2 * (Math.Max(2 * wanted, wanted + 64) + (2 * Vector512<float>.Count));

    /// <summary>Offers a vector of distances whose indices follow one another from <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Offer(Vector256<T> distances, int first)
    {
        var near = Vector256.LessThanOrEqual(distances, _worst).ExtractMostSignificantBits();
        if (near != 0) { Take(distances, near, first); }
    }

    /// <summary>The same with indices from a list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Offer(Vector256<T> distances, int* indices)
    {
        var near = Vector256.LessThanOrEqual(distances, _worst).ExtractMostSignificantBits();
        for (; near != 0; near &= near - 1)
        {
            var lane = BitOperations.TrailingZeroCount(near);
            Offer(distances[lane], indices[lane]);
        }
    }

    /// <summary>Offers one distance.</summary>
    public void Offer(T distance, int index)
    {
        if (!(distance <= Worst) || index == _skip) { return; }
        _keys[_count++] = Key(distance, index);
        if (_count > _keys.Length - Room) { Cut(); }
    }

    /// <summary>Takes any distances, whatever the limit; there is room for them.</summary>
    public void Add(T distance, int index) => _keys[_count++] = Key(distance, index);

    /// <summary>Lets go of all but the m smallest.</summary>
    public void Cut()
    {
        if (_count < _wanted) { return; }
        Span<int> last = [_wanted - 1];
        KeyOrder.Place(_keys[.._count], _spare, 0, last);
        _count = _wanted;
        _worst = Vector256.Create(Distance(_keys[_wanted - 1]));
    }

    /// <summary>The index at place <paramref name="rank"/> of those kept, once <see cref="KeyOrder.Place"/> has put it there.</summary>
    public readonly int IndexAt(int rank) => Index(_keys[rank]);

    /// <summary>Puts each of the ranks, which rise, in its place.</summary>
    public readonly void Place(ReadOnlySpan<int> ranks) => KeyOrder.Place(_keys[.._count], _spare, 0, ranks);

    // A vector of keys is written whole, whatever counts of it.
    private static int Room => Vector512<float>.Count;

    private void Take(Vector256<T> distances, uint near, int first)
    {
        if (typeof(T) == typeof(float) && Avx512F.IsSupported && (uint)(_skip - first) >= (uint)Vector256<T>.Count)
        {
            TakeVector(distances.AsSingle(), first);
            return;
        }

        for (; near != 0; near &= near - 1)
        {
            var lane = BitOperations.TrailingZeroCount(near);
            if (first + lane != _skip) { _keys[_count++] = Key(distances[lane], first + lane); }
        }

        if (_count > _keys.Length - Room) { Cut(); }
    }

    private void TakeVector(Vector256<float> distances, int first)
    {
        var bits = (distances + Vector256<float>.Zero).AsInt32();
        var rising = (bits ^ ((bits >> 31) | Vector256.Create(int.MinValue))).AsUInt32();
        var indices = Vector256.Create((uint)first) + Vector256<uint>.Indices;
        var keys = (Avx512F.ConvertToVector512UInt64(rising) << 32) | Avx512F.ConvertToVector512UInt64(indices);
        var near = Avx512F.ConvertToVector512Int64(Vector256.LessThanOrEqual(distances, _worst.AsSingle()).AsInt32()).AsUInt64();
        Avx512F.Compress(keys, near, keys).StoreUnsafe(ref Unsafe.As<TKey, ulong>(ref _keys[_count]));
        _count += BitOperations.PopCount(near.ExtractMostSignificantBits());
        if (_count > _keys.Length - Room) { Cut(); }
    }

    /// <summary>A key that orders by distance, then by index.</summary>
    // The bits of a positive float rise with it; those of a negative one fall. Adding 0 makes −0 and 0 equal.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TKey Key(T distance, int index)
    {
        if (typeof(T) == typeof(float))
        {
            var bits = Unsafe.BitCast<T, int>(distance + T.Zero);
            var rising = (uint)(bits ^ ((bits >> 31) | int.MinValue));
            return Unsafe.BitCast<ulong, TKey>(((ulong)rising << 32) | (uint)index);
        }

        var wide = Unsafe.BitCast<T, long>(distance + T.Zero);
        return Unsafe.BitCast<UInt128, TKey>(((UInt128)(ulong)(wide ^ ((wide >> 63) | long.MinValue)) << 32) | (uint)index);
    }

    /// <summary>The index in a key.</summary>
    public static int Index(TKey key) => (int)uint.CreateTruncating(key);

    private static T Distance(TKey key)
    {
        if (typeof(T) == typeof(float))
        {
            var rising = (int)(Unsafe.BitCast<TKey, ulong>(key) >> 32);
            return Unsafe.BitCast<int, T>(rising ^ ((~rising >> 31) | int.MinValue));
        }

        var wide = (long)(ulong)(Unsafe.BitCast<TKey, UInt128>(key) >> 32);
        return Unsafe.BitCast<long, T>(wide ^ ((~wide >> 63) | long.MinValue));
    }
}
