using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Runtime;

/// <summary>
/// Dropout whose numbers are a hash of (seed, position), drawn eight at a time, instead of one generator's in turn: libtorch's take a third of a
/// GCNII epoch on the CPU. Each call draws one seed from libtorch's generator of the CPU, so seeds and checkpoints mean what they did; the mask is
/// made again in the backward pass instead of being kept. It does not depend on the number of threads, the type of the numbers or the device.
/// Source: Srivastava et al., "Dropout", JMLR 2014; the hash is the last step of MurmurHash3 (32 bits).
/// </summary>
public static class HashDropout
{
    /// <summary>
    /// x with each value zeroed with probability <paramref name="p"/> and the others divided by 1 − p; x itself outside training.
    /// </summary>
    /// <param name="x">Any shape.</param>
    /// <param name="p">In [0, 1).</param>
    /// <param name="training">Whether to drop at all.</param>
    public static Tensor Apply(Tensor x, double p, bool training) => p == 0 || !training ? x.alias() : Apply(x, Draw(p));

    /// <summary>A mask for any number of calls.</summary>
    internal static DropoutMask Draw(double p) => Draw(p, 1)[0];

    /// <summary>The masks that so many draws give one after the other.</summary>
    internal static DropoutMask[] Draw(double p, int count)
    {
        using var seeds = randint(0, 1L << 32, [count], int64);
        return Array.ConvertAll(seeds.data<long>().ToArray(), seed => new DropoutMask((uint)seed, p));
    }

    /// <summary>x with that mask.</summary>
    internal static Tensor Apply(Tensor x, DropoutMask mask)
    {
        using var scope = NewDisposeScope();
        return HashDropoutFunction.apply(x.contiguous(), mask).MoveToOuterDisposeScope();
    }
}

/// <summary>The seed of a mask, and the probability of a zero in it.</summary>
internal sealed record DropoutMask(uint Seed, double P)
{
    /// <summary>Values whose hash is below this are dropped.</summary>
    public uint Least => (uint)Math.Min(uint.MaxValue, P * 4294967296.0);
}

/// <summary>Arguments: x, <see cref="DropoutMask"/>.</summary>
internal sealed unsafe class HashDropoutFunction : autograd.SingleTensorFunction<HashDropoutFunction>
{
    private const int Block = 4096;
    private const long Multiplier1 = 0x9E3779B9, Multiplier2 = 0x85EBCA6B, Multiplier3 = 0xC2B2AE35;

    public override string Name => nameof(HashDropoutFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var mask = (DropoutMask)vars[1];
        ctx.save_data(nameof(DropoutMask), mask);
        return Masked((Tensor)vars[0], mask);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
        [Masked(g, (DropoutMask)ctx.get_data(nameof(DropoutMask))), null]);

    /// <summary>x with that mask, without a gradient.</summary>
    public static Tensor Masked(Tensor x, DropoutMask mask)
    {
        if (x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU) { return MaskedByTorch(x, mask); }
        var y = empty_like(x);
        var from = Rows.Of<float>(x);
        var to = Rows.Of<float>(y);
        var count = x.numel();
        RowWork.Over((int)((count + Block - 1) / Block), Block, (_, first, last) =>
        {
            var begin = (long)first * Block;
            Mask(from + begin, to + begin, begin, Math.Min(count, (long)last * Block) - begin, mask);
        });
        return y;
    }

    // The same numbers, 32 bits in 64: products wrap, and what is above is cut off.
    private static Tensor MaskedByTorch(Tensor x, DropoutMask mask)
    {
        const long low = 0xFFFFFFFF;
        using var scope = NewDisposeScope();
        var h = (arange(x.numel(), int64, x.device) * Multiplier1).bitwise_and_(low).bitwise_xor_((long)mask.Seed);
        h = h.bitwise_xor(h.bitwise_right_shift(16)).mul_(Multiplier2).bitwise_and_(low);
        h = h.bitwise_xor(h.bitwise_right_shift(13)).mul_(Multiplier3).bitwise_and_(low);
        h = h.bitwise_xor(h.bitwise_right_shift(16));
        var kept = h.ge((long)mask.Least).reshape(x.shape).to(x.dtype);
        return (x * kept.mul_(1 / (1 - mask.P))).MoveToOuterDisposeScope();
    }

    /// <summary>Drops some of <paramref name="count"/> values that begin at <paramref name="position"/> of the whole; both ends may be the same memory.</summary>
    public static void Mask(float* from, float* to, long position, long count, DropoutMask mask)
    {
        var least = Vector256.Create(mask.Least);
        var scale = Vector256.Create((float)(1 / (1 - mask.P)));
        var lanes = Vector256<uint>.Indices;
        long at = 0;
        for (; at + 8 <= count; at += 8)
        {
            var kept = Vector256.GreaterThanOrEqual(Hash(Vector256.Create((uint)(position + at)) + lanes, mask.Seed), least);
            (Vector256.Load(from + at) * (scale & kept.AsSingle())).Store(to + at);
        }

        for (; at < count; at++)
        {
            var kept = Vector256.GreaterThanOrEqual(Hash(Vector256.Create((uint)(position + at)), mask.Seed), least);
            to[at] = from[at] * (scale & kept.AsSingle())[0];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Hash(Vector256<uint> position, uint seed)
    {
        var h = (position * Vector256.Create((uint)Multiplier1)) ^ Vector256.Create(seed);
        h = (h ^ (h >>> 16)) * Vector256.Create((uint)Multiplier2);
        h = (h ^ (h >>> 13)) * Vector256.Create((uint)Multiplier3);
        return h ^ (h >>> 16);
    }
}
