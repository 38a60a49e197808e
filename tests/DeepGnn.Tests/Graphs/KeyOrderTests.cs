using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using DeepGnn.Graphs;

namespace DeepGnn.Tests.Graphs;

public sealed class KeyOrderTests
{
    [Fact]
    public void Keys_stand_at_the_ranks_that_are_asked_for_whatever_their_number()
    {
        var random = new Random(1);
        for (var count = 1; count < 300; count++)
        {
            var keys = Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue)).Distinct().ToArray();
            AssertPlaced(random, keys);
            AssertPlaced(random, [.. keys.Select(k => (UInt128)k << 40)]);
        }
    }

    [Fact]
    public void Chosen_lanes_come_first_in_their_order()
    {
        if (!Avx2.IsSupported) { return; } // no other processor takes this way
        var (upper, lower) = (Vector256<uint>.Indices + Vector256.Create(10u), Vector256<uint>.Indices + Vector256.Create(50u));
        var keys = Vector256.Create(7UL, ulong.MaxValue, 1UL << 63, 3UL);
        var (to, found) = (new ulong[8], new ulong[4]);
        for (var chosen = 0u; chosen < 256; chosen++)
        {
            LeftPack.Store(upper, lower, chosen, ref to[0]);
            Assert.Equal(Lanes(8, chosen).Select(lane => ((10UL + (ulong)lane) << 32) | (50UL + (ulong)lane)), to[..BitOperations.PopCount(chosen)]);
        }

        for (var chosen = 0u; chosen < 16; chosen++)
        {
            LeftPack.Keys(keys, chosen).CopyTo(found);
            Assert.Equal(Lanes(4, chosen).Select(lane => keys[lane]), found[..BitOperations.PopCount(chosen)]);
        }
    }

    private static IEnumerable<int> Lanes(int count, uint chosen) => Enumerable.Range(0, count).Where(lane => (chosen >> lane & 1) != 0);

    private static void AssertPlaced<TKey>(Random random, TKey[] keys) where TKey : unmanaged, IBinaryInteger<TKey>
    {
        TKey[] sorted = [.. keys.Order()];
        int[] ranks = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(keys.Length)).Distinct().Order()];
        var spare = new TKey[keys.Length + Vector512<ulong>.Count];

        KeyOrder.Place(keys, spare, 0, ranks);

        Assert.Equal(sorted, keys.Order());
        foreach (var rank in ranks)
        {
            Assert.Equal(sorted[rank], keys[rank]);
            Assert.All(keys[..rank], key => Assert.True(key < sorted[rank]));
        }
    }
}
