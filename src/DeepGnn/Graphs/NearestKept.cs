using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
        : this(buffer[..(buffer.Length / 2)], buffer[(buffer.Length / 2)..], wanted, skip, limit, 0)
    {
    }

    /// <summary>Goes on where another has stopped.</summary>
    /// <param name="keys">Half of <see cref="BufferSize"/> places, the first of which hold what has been kept.</param>
    /// <param name="spare">As many for putting them in order.</param>
    /// <param name="wanted">m ≥ 1.</param>
    /// <param name="skip">An index that is not kept, or −1.</param>
    /// <param name="limit">Distances above it are not kept.</param>
    /// <param name="count">Number kept so far.</param>
    public NearestKept(Span<TKey> keys, Span<TKey> spare, int wanted, int skip, T limit, int count)
    {
        _keys = keys;
        _spare = spare;
        _wanted = wanted;
        _skip = skip;
        _worst = Vector256.Create(limit);
        _count = count;
    }

    /// <summary>Number kept, which may exceed m before <see cref="Cut"/>.</summary>
    public readonly int Count => _count;

    /// <summary>Distances above this are of no interest.</summary>
    public readonly T Worst => _worst[0];

    /// <summary>Room for a run of offers between two cuts.</summary>
    public static int BufferSize(int wanted) => 2 * (Math.Max(2 * wanted, wanted + 48) + (2 * Vector512<float>.Count));

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

    /// <summary>Offers distances |y|² − 2xy to y with indices from <paramref name="first"/> on.</summary>
    /// <param name="products">xy, [count].</param>
    /// <param name="squares">|y|², [count].</param>
    /// <param name="first">Index of the first.</param>
    /// <param name="count">Number of them.</param>
    public unsafe void OfferProducts(T* products, T* squares, int first, int count)
    {
        var two = Vector256.Create(T.CreateChecked(2));
        var lanes = Vector256<T>.Count;
        var j = 0;
        if (typeof(T) == typeof(float) && Avx2.IsSupported)
        {
            if (_skip >= first && _skip < first + count) { OfferAround((float*)products, (float*)squares, first, count, ref j); }
            OfferVectors((float*)products, (float*)squares, first, count, ref j);
        }

        for (; j + lanes <= count; j += lanes) { Offer(Vector256.Load(squares + j) - (two * Vector256.Load(products + j)), first + j); }
        for (; j < count; j++) { Offer(squares[j] - (two[0] * products[j]), first + j); }
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

    // Two vectors of keys are written whole, whatever counts of them.
    private static int Room => Vector512<float>.Count;

    private void Take(Vector256<T> distances, uint near, int first)
    {
        if (typeof(T) == typeof(float) && Avx2.IsSupported && (uint)(_skip - first) >= (uint)Vector256<T>.Count)
        {
            TakeVector(distances.AsSingle(), near, first);
            return;
        }

        for (; near != 0; near &= near - 1)
        {
            var lane = BitOperations.TrailingZeroCount(near);
            if (first + lane != _skip) { _keys[_count++] = Key(distances[lane], first + lane); }
        }

        if (_count > _keys.Length - Room) { Cut(); }
    }

    // Up to and with the pair of vectors where the point that is not kept stands.
    private unsafe void OfferAround(float* products, float* squares, int first, int count, ref int j)
    {
        const int pair = 2 * 8;
        OfferVectors(products, squares, first, (_skip - first) / pair * pair, ref j);
        for (var end = Math.Min(count, j + pair); j < end; j++) { Offer(T.CreateChecked(squares[j] - (2 * products[j])), first + j); }
    }

    /// <summary>Two vectors at a time: that sixteen points are all far, or not all, is often foreseen; what is near in a vector never.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void OfferVectors(float* products, float* squares, int first, int end, ref int from)
    {
        ref var keys = ref Unsafe.As<TKey, ulong>(ref MemoryMarshal.GetReference(_keys));
        var (two, worst, count, most, lanes) = (Vector256.Create(2f), _worst.AsSingle(), _count, _keys.Length - Room, Vector256<float>.Count);
        var j = from;
        for (; Avx512F.IsSupported && j + (2 * lanes) <= end; j += 2 * lanes)
        {
            var distances = Vector512.FusedMultiplyAdd(Vector512.Create(-2f), Vector512.Load(products + j), Vector512.Load(squares + j)); // 2xy is exact
            var near = Vector512.LessThanOrEqual(distances, Vector512.Create(worst, worst));
            var chosen = near.ExtractMostSignificantBits();
            if (chosen == 0) { continue; }
            Pack(distances, near.AsUInt32(), first + j, BitOperations.PopCount(chosen), ref Unsafe.Add(ref keys, count));
            count += BitOperations.PopCount(chosen);
            if (count > most) { (count, worst) = CutTo(count); }
        }

        for (; j + (2 * lanes) <= end; j += 2 * lanes)
        {
            var one = Vector256.Load(squares + j) - (two * Vector256.Load(products + j));
            var other = Vector256.Load(squares + j + lanes) - (two * Vector256.Load(products + j + lanes));
            var (near, nearOther) = (Vector256.LessThanOrEqual(one, worst), Vector256.LessThanOrEqual(other, worst));
            if ((near | nearOther).AsInt32() == Vector256<int>.Zero) { continue; }
            var (chosen, chosenOther) = (near.ExtractMostSignificantBits(), nearOther.ExtractMostSignificantBits());
            Pack(one, first + j, chosen, ref Unsafe.Add(ref keys, count));
            count += BitOperations.PopCount(chosen);
            Pack(other, first + j + lanes, chosenOther, ref Unsafe.Add(ref keys, count));
            count += BitOperations.PopCount(chosenOther);
            if (count > most) { (count, worst) = CutTo(count); }
        }

        (_count, from) = (count, j);
    }

    private (int Count, Vector256<float> Worst) CutTo(int count)
    {
        _count = count;
        Cut();
        return (_count, _worst.AsSingle());
    }

    private void TakeVector(Vector256<float> distances, uint near, int first)
    {
        Pack(distances, first, near, ref Unsafe.As<TKey, ulong>(ref _keys[_count]));
        _count += BitOperations.PopCount(near);
        if (_count > _keys.Length - Room) { Cut(); }
    }

    // The keys of those that have a bit; eight are written.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack(Vector256<float> distances, int first, uint near, ref ulong to)
    {
        var bits = (distances + Vector256<float>.Zero).AsInt32();
        var rising = (bits ^ ((bits >> 31) | Vector256.Create(int.MinValue))).AsUInt32();
        var indices = Vector256.Create((uint)first) + Vector256<uint>.Indices;
        if (!Avx512F.IsSupported)
        {
            LeftPack.Store(rising, indices, near, ref to);
            return;
        }

        var keys = Keys(rising, indices);
        var chosen = ~Vector512.Equals(Vector512.Create((ulong)near) & Vector512.Create(1UL, 2, 4, 8, 16, 32, 64, 128), Vector512<ulong>.Zero);
        Avx512F.Compress(keys, chosen, keys).StoreUnsafe(ref to);
    }

    // The same of sixteen, of which few are near: they are chosen before they become keys.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack(Vector512<float> distances, Vector512<uint> near, int first, int count, ref ulong to)
    {
        var bits = (distances + Vector512<float>.Zero).AsInt32();
        var rising = (bits ^ ((bits >> 31) | Vector512.Create(int.MinValue))).AsUInt32();
        var indices = Vector512.Create((uint)first) + Vector512<uint>.Indices;
        (rising, indices) = (Avx512F.Compress(rising, near, rising), Avx512F.Compress(indices, near, indices));
        Keys(rising.GetLower(), indices.GetLower()).StoreUnsafe(ref to);
        if (count > Vector512<ulong>.Count) { Keys(rising.GetUpper(), indices.GetUpper()).StoreUnsafe(ref Unsafe.Add(ref to, Vector512<ulong>.Count)); }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Keys(Vector256<uint> rising, Vector256<uint> indices) =>
        (Avx512F.ConvertToVector512UInt64(rising) << 32) | Avx512F.ConvertToVector512UInt64(indices);

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
