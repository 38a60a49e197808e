using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Runtime;

/// <summary>
/// Dropout whose numbers are a hash of (seed, position), drawn eight at a time, instead of one generator's in turn: libtorch's take a third of a
/// GCNII epoch on the CPU. Each call draws one seed from libtorch's generator, so seeds and checkpoints mean what they did; the mask is made again
/// in the backward pass instead of being kept, and does not depend on the number of threads.
/// Source: Srivastava et al., "Dropout", JMLR 2014; the hash is the last step of MurmurHash3 (32 bits).
/// </summary>
public static class HashDropout
{
    /// <summary>
    /// x with each value zeroed with probability <paramref name="p"/> and the others divided by 1 − p; x itself outside training. Other tensors
    /// than float32 on the CPU take libtorch's dropout.
    /// </summary>
    /// <param name="x">Any shape.</param>
    /// <param name="p">In [0, 1).</param>
    /// <param name="training">Whether to drop at all.</param>
    public static Tensor Apply(Tensor x, double p, bool training)
    {
        if (p == 0 || !training || x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU) { return nn.functional.dropout(x, p, training); }
        using var scope = NewDisposeScope();
        return HashDropoutFunction.apply(x.contiguous(), Draw(p)).MoveToOuterDisposeScope();
    }

    /// <summary>The numbers of one dropout.</summary>
    internal static HashDropoutCall Draw(double p)
    {
        using var seed = randint(0, 1L << 32, [1], int64);
        return new((uint)seed.item<long>(), p);
    }
}

/// <summary>What a dropout needs besides tensors.</summary>
internal sealed record HashDropoutCall(uint Seed, double P);

/// <summary>Arguments: x, <see cref="HashDropoutCall"/>.</summary>
internal sealed unsafe class HashDropoutFunction : autograd.SingleTensorFunction<HashDropoutFunction>
{
    private const int Block = 4096;

    public override string Name => nameof(HashDropoutFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (HashDropoutCall)vars[1];
        ctx.save_data(nameof(HashDropoutCall), call);
        return Masked((Tensor)vars[0], call);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
        [Masked(g, (HashDropoutCall)ctx.get_data(nameof(HashDropoutCall))), null]);

    private static Tensor Masked(Tensor x, HashDropoutCall call)
    {
        var y = empty_like(x);
        var from = Rows.Of<float>(x);
        var to = Rows.Of<float>(y);
        var count = x.numel();
        RowWork.Over((int)((count + Block - 1) / Block), Block, (_, first, last) =>
        {
            var begin = (long)first * Block;
            Mask(from + begin, to + begin, begin, Math.Min(count, (long)last * Block) - begin, call);
        });
        return y;
    }

    /// <summary>Drops some of <paramref name="count"/> values that begin at <paramref name="position"/> of the whole; both ends may be the same memory.</summary>
    public static void Mask(float* from, float* to, long position, long count, HashDropoutCall call)
    {
        var least = Vector256.Create((uint)Math.Min(uint.MaxValue, call.P * 4294967296.0));
        var scale = Vector256.Create((float)(1 / (1 - call.P)));
        var lanes = Vector256<uint>.Indices;
        long at = 0;
        for (; at + 8 <= count; at += 8)
        {
            var kept = Vector256.GreaterThanOrEqual(Hash(Vector256.Create((uint)(position + at)) + lanes, call.Seed), least);
            (Vector256.Load(from + at) * (scale & kept.AsSingle())).Store(to + at);
        }

        for (; at < count; at++)
        {
            var kept = Vector256.GreaterThanOrEqual(Hash(Vector256.Create((uint)(position + at)), call.Seed), least);
            to[at] = from[at] * (scale & kept.AsSingle())[0];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Hash(Vector256<uint> position, uint seed)
    {
        var h = (position * Vector256.Create(0x9E3779B9u)) ^ Vector256.Create(seed);
        h = (h ^ (h >>> 16)) * Vector256.Create(0x85EBCA6Bu);
        h = (h ^ (h >>> 13)) * Vector256.Create(0xC2B2AE35u);
        return h ^ (h >>> 16);
    }
}
