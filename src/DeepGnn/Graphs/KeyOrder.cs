using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DeepGnn.Graphs;

/// <summary>Quicksort that leaves alone what nobody asks for.</summary>
internal static class KeyOrder
{
    // Few keys are sorted in the time that dividing them takes.
    private const int Few = 12;
    private const int FewForVectors = 24;

    /// <summary>
    /// Rearranges different keys so that at each rank (minus <paramref name="offset"/>) stands the key that would stand there if all were
    /// sorted, with smaller keys before it and larger ones after it. The ranks rise. <paramref name="spare"/> is as long as the keys and
    /// <see cref="Vector512{T}"/>.Count longer.
    /// </summary>
    public static void Place<TKey>(Span<TKey> keys, Span<TKey> spare, int offset, ReadOnlySpan<int> ranks) where TKey : unmanaged, IBinaryInteger<TKey>
    {
        while (ranks.Length > 0 && keys.Length > 1)
        {
            if (typeof(TKey) == typeof(ulong) && Vector256.IsHardwareAccelerated)
            {
                if (keys.Length <= FewForVectors)
                {
                    SortByCounting(MemoryMarshal.Cast<TKey, ulong>(keys), MemoryMarshal.Cast<TKey, ulong>(spare));
                    return;
                }
            }
            else if (keys.Length <= Few)
            {
                Sort(keys);
                return;
            }

            var at = Divide(keys, spare);
            var before = 0;
            while (before < ranks.Length && ranks[before] < offset + at) { before++; }
            if (before > 0) { Place(keys[..at], spare, offset, ranks[..before]); }
            while (before < ranks.Length && ranks[before] == offset + at) { before++; }
            ranks = ranks[before..];
            keys = keys[(at + 1)..];
            offset += at + 1;
        }
    }

    /// <summary>Smaller keys first, then the pivot, whose place is returned, then larger ones. No branch depends on a key.</summary>
    private static int Divide<TKey>(Span<TKey> keys, Span<TKey> spare) where TKey : unmanaged, IBinaryInteger<TKey>
    {
        var last = keys.Length - 1;
        var (a, b, c) = (keys[0], keys[last / 2], keys[last]);
        var middle = TKey.Max(TKey.Min(a, b), TKey.Min(TKey.Max(a, b), c));
        var pivotAt = middle == a ? 0 : middle == b ? last / 2 : last;
        (keys[pivotAt], keys[last]) = (keys[last], middle);
        if (typeof(TKey) == typeof(ulong) && Avx2.IsSupported)
        {
            return DivideByVectors(MemoryMarshal.Cast<TKey, ulong>(keys), MemoryMarshal.Cast<TKey, ulong>(spare));
        }

        var smaller = 0;
        for (var i = 0; i < last; i++)
        {
            var key = keys[i];
            keys[i] = keys[smaller];
            keys[smaller] = key;
            smaller += key < middle ? 1 : 0;
        }

        (keys[smaller], keys[last]) = (middle, keys[smaller]);
        return smaller;
    }

    /// <summary>The pivot stands last. Smaller keys move forward, to where all has been read; larger ones wait aside.</summary>
    private static unsafe int DivideByVectors(Span<ulong> all, Span<ulong> spare)
    {
        fixed (ulong* keys = all)
        fixed (ulong* aside = spare)
        {
            var (last, smaller, larger, i) = (all.Length - 1, 0, 0, 0);
            var middle = keys[last];
            if (Avx512F.IsSupported)
            {
                var pivot = Vector512.Create(middle);
                for (; i + Vector512<ulong>.Count <= last; i += Vector512<ulong>.Count)
                {
                    var taken = Vector512.Load(keys + i);
                    var below = Vector512.LessThan(taken, pivot);
                    var count = BitOperations.PopCount(below.ExtractMostSignificantBits());
                    Avx512F.Compress(taken, below, taken).Store(keys + smaller);
                    Avx512F.Compress(taken, ~below, taken).Store(aside + larger);
                    smaller += count;
                    larger += Vector512<ulong>.Count - count;
                }
            }
            else
            {
                var pivot = Signed(Vector256.Create(middle));
                for (; i + Vector256<ulong>.Count <= last; i += Vector256<ulong>.Count)
                {
                    var taken = Vector256.Load(keys + i);
                    var below = Vector256.LessThan(Signed(taken), pivot).ExtractMostSignificantBits();
                    var count = BitOperations.PopCount(below);
                    LeftPack.Keys(taken, below).Store(keys + smaller);
                    LeftPack.Keys(taken, below ^ 0xF).Store(aside + larger);
                    smaller += count;
                    larger += Vector256<ulong>.Count - count;
                }
            }

            for (; i < last; i++)
            {
                var key = keys[i];
                if (key < middle) { keys[smaller++] = key; }
                else { aside[larger++] = key; }
            }

            keys[smaller] = middle;
            new ReadOnlySpan<ulong>(aside, larger).CopyTo(all[(smaller + 1)..]);
            return smaller;
        }
    }

    /// <summary>Each key's place is the number of smaller ones. No branch depends on a key.</summary>
    private static unsafe void SortByCounting(Span<ulong> all, Span<ulong> spare)
    {
        fixed (ulong* keys = all)
        fixed (ulong* aside = spare)
        {
            all.CopyTo(spare);
            var lanes = Vector256<ulong>.Count;
            for (var i = 0; i < all.Length; i += lanes) { Signed(Vector256.Load(aside + i)).Store((long*)aside + i); }
            var places = stackalloc long[FewForVectors + (2 * lanes)];
            for (var i = 0; i < all.Length; i += 2 * lanes)
            {
                var (own, next) = (Vector256.Load((long*)aside + i), Vector256.Load((long*)aside + i + lanes)); // whatever stands after the last key
                var (place, placeOfNext) = (Vector256<long>.Zero, Vector256<long>.Zero);
                for (var k = 0; k < all.Length; k++)
                {
                    var key = Vector256.Create((long)aside[k]);
                    place -= Vector256.LessThan(key, own);
                    placeOfNext -= Vector256.LessThan(key, next);
                }

                place.Store(places + i);
                placeOfNext.Store(places + i + lanes);
            }

            for (var i = 0; i < all.Length; i++) { keys[places[i]] = aside[i] ^ (1UL << 63); }
        }
    }

    // AVX2 compares signed numbers alone.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> Signed(Vector256<ulong> keys) => (keys ^ Vector256.Create(1UL << 63)).AsInt64();

    private static void Sort<TKey>(Span<TKey> keys) where TKey : unmanaged, IBinaryInteger<TKey>
    {
        for (var i = 1; i < keys.Length; i++)
        {
            var key = keys[i];
            var at = i;
            for (; at > 0 && keys[at - 1] > key; at--) { keys[at] = keys[at - 1]; }
            keys[at] = key;
        }
    }
}
