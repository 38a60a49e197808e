using System.Runtime.InteropServices;
using DeepGnn.Runtime;
using Testing;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Runtime;

public sealed class BlockCacheTests
{
    private const long MiB = 1 << 20;

    [Fact]
    public void A_block_returned_is_given_out_again_for_the_same_size_and_for_a_little_less()
    {
        var cache = new BlockCache();
        var first = cache.Take(10 * MiB);
        Assert.True(cache.Return(first));

        Assert.Equal(first, cache.Take(10 * MiB));
        cache.Return(first);
        Assert.Equal(first, cache.Take(9 * MiB));
        cache.Return(first);
        cache.Take(5 * MiB);
        Assert.InRange(cache.InUse, 5 * MiB, 6 * MiB); // not the whole block
    }

    [Fact]
    public void A_block_is_cut_from_a_larger_one_and_from_several_side_by_side()
    {
        var cache = new BlockCache();
        var large = cache.Take(10 * MiB);
        cache.Return(large);
        var held = cache.Kept;
        nint[] parts = [cache.Take(2 * MiB), cache.Take(3 * MiB), cache.Take(4 * MiB)];

        Assert.All(parts, part => Assert.InRange(part, large - 4096, large + (nint)(10 * MiB)));
        Assert.Equal(held, cache.InUse + cache.Kept);
        foreach (var part in parts) { cache.Return(part); }
        var joined = cache.Take(9 * MiB);
        Assert.InRange(joined, large - 4096, large + (nint)MiB);
        Assert.Equal(held, cache.InUse + cache.Kept);
        for (var at = 0L; at < 9 * MiB; at += 4096) { Marshal.WriteByte(joined + (nint)at, 1); }
    }

    // A collection inside an operator would free the scalars that it has yet to read.
    [Fact]
    public void Taking_cutting_and_returning_make_no_objects()
    {
        var cache = new BlockCache();
        var used = new nint[40];
        Work(new Random(3)); // compiles, and grows the tables

        var random = new Random(4);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Work(random);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096); // lists that grow now and then; an object for each request would be 200 KB

        void Work(Random random)
        {
            for (var step = 0; step < 4_000; step++)
            {
                ref var block = ref used[random.Next(used.Length)];
                if (block != 0) { cache.Return(block); }
                block = block == 0 ? cache.Take((long)Math.Exp(random.NextDouble() * 8) * 65_536) : 0;
            }
        }
    }

    [Fact]
    public void Blocks_in_use_never_overlap()
    {
        var cache = new BlockCache();
        var random = new Random(2);
        var used = new SortedDictionary<nint, long>();
        for (var step = 0; step < 5000; step++)
        {
            if (used.Count > 30 || (used.Count > 0 && random.Next(2) == 0))
            {
                var address = used.Keys.ElementAt(random.Next(used.Count));
                used.Remove(address);
                Assert.True(cache.Return(address));
            }
            else
            {
                var size = (long)Math.Exp(random.NextDouble() * 12) * 64;
                used.Add(cache.Take(size), size);
            }

            Assert.True(used.Zip(used.Skip(1)).All(pair => pair.First.Key + pair.First.Value <= pair.Second.Key));
            Assert.InRange(cache.InUse + cache.Kept, used.Values.Sum(), cache.MostInUse + (cache.MostInUse / 32) + MiB);
        }
    }

    [Fact]
    public void What_is_held_stays_near_the_most_that_was_in_use_at_once()
    {
        var cache = new BlockCache();
        for (var size = 1; size <= 60; size++)
        {
            var block = cache.Take(size * MiB);
            Marshal.WriteByte(block, 1);
            cache.Return(block);
            Assert.InRange(cache.InUse + cache.Kept, size * MiB, cache.MostInUse + (17 * MiB));
        }
    }

    [Fact]
    public void Blocks_of_all_sizes_hold_what_is_written_while_others_come_and_go()
    {
        var cache = new BlockCache();
        var random = new Random(1);
        var blocks = new List<(nint At, int Length, byte Value)>();
        for (var step = 0; step < 2000; step++)
        {
            if (blocks.Count > 20 || (blocks.Count > 0 && random.Next(2) == 0))
            {
                var (at, length, value) = blocks[^1];
                blocks.RemoveAt(blocks.Count - 1);
                Assert.Equal(value, Marshal.ReadByte(at));
                Assert.Equal(value, Marshal.ReadByte(at, length - 1));
                Assert.True(cache.Return(at));
                continue;
            }

            var size = 4096 + random.Next(200_000);
            var taken = cache.Take(size);
            Assert.Equal(0, taken % 64);
            Marshal.WriteByte(taken, (byte)step);
            Marshal.WriteByte(taken, size - 1, (byte)step);
            blocks.Add((taken, size, (byte)step));
        }
    }

    [Fact]
    public void What_it_did_not_give_out_it_does_not_take() => Assert.False(new BlockCache().Return(4096));

    [Fact]
    public void Tensors_come_from_the_cache_and_go_back_to_it()
    {
        TorchRuntime.Start(1);
        Assert.True(TorchAllocator.Install());
        Garbage.Collect();
        var before = TorchAllocator.Cache.InUse;
        using (var x = zeros(1000, 1000))
        {
            Assert.InRange(TorchAllocator.Cache.InUse - before, 4_000_000, long.MaxValue);
            Assert.Equal(0f, x.sum().item<float>());
        }

        Assert.Equal(before, TorchAllocator.Cache.InUse);
    }

    [Fact]
    public void A_tensor_too_large_for_any_machine_is_an_error_not_a_crash()
    {
        TorchRuntime.Start(1);
        Assert.True(TorchAllocator.Install());

        var error = Assert.Throws<ExternalException>(() => empty(1L << 50));

        Assert.Contains("memory", error.Message);
    }
}
