using System.Numerics;

namespace DeepGnn.Graphs;

/// <summary>Quicksort that leaves alone what nobody asks for.</summary>
internal static class KeyOrder
{
    private const int Few = 12;

    /// <summary>
    /// Rearranges different keys so that at each rank (minus <paramref name="offset"/>) stands the key that would stand there if all were
    /// sorted, with smaller keys before it and larger ones after it. The ranks rise.
    /// </summary>
    public static void Place<TKey>(Span<TKey> keys, int offset, ReadOnlySpan<int> ranks) where TKey : unmanaged, IBinaryInteger<TKey>
    {
        while (ranks.Length > 0 && keys.Length > 1)
        {
            if (keys.Length <= Few)
            {
                Sort(keys);
                return;
            }

            var at = Divide(keys);
            var before = 0;
            while (before < ranks.Length && ranks[before] < offset + at) { before++; }
            if (before > 0) { Place(keys[..at], offset, ranks[..before]); }
            while (before < ranks.Length && ranks[before] == offset + at) { before++; }
            ranks = ranks[before..];
            keys = keys[(at + 1)..];
            offset += at + 1;
        }
    }

    /// <summary>Smaller keys first, then the pivot, whose place is returned, then larger ones. No branch depends on a key.</summary>
    private static int Divide<TKey>(Span<TKey> keys) where TKey : unmanaged, IBinaryInteger<TKey>
    {
        var last = keys.Length - 1;
        var (a, b, c) = (keys[0], keys[last / 2], keys[last]);
        var middle = TKey.Max(TKey.Min(a, b), TKey.Min(TKey.Max(a, b), c));
        var pivotAt = middle == a ? 0 : middle == b ? last / 2 : last;
        (keys[pivotAt], keys[last]) = (keys[last], middle);
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
