using System.Numerics;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using DeepGnn.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>What a fusion needs besides tensors.</summary>
/// <param name="Layer">How the mapped rows are rectified and normalised; its graph has an edge for each row.</param>
/// <param name="Clouds">G clouds of N rows, none empty.</param>
/// <param name="Features">Number of tensors that are fused.</param>
internal sealed record CloudFusionCall(EdgeConvCall Layer, GraphBatch Clouds, int Features);

/// <summary>
/// Fusion and the map after it: with X the features of all blocks side by side and p the maximum over a cloud of norm(act(X Wᵀ + b)), each row of the
/// result is V[p, x] + c. X is never whole, rows of it are put together where a product wants them. It keeps the features, XWᵀ + b and, of each cloud, p. The
/// maximum is taken before norm and activation, which are monotone in each channel. Arguments: <see cref="CloudFusionCall"/>, W, b, the norm's scale
/// and shift, V, c, then the features [N, ·].
/// </summary>
internal sealed class CloudFusion : autograd.SingleTensorFunction<CloudFusion>
{
    private const long RowsTogether = 512;

    public override string Name => nameof(CloudFusion);

    /// <summary>[N, H] for V [H, C + Σ widths].</summary>
    public static Tensor Of(IReadOnlyList<Tensor> features, Linear fusion, Linear after, CloudFusionCall call)
    {
        using var scope = NewDisposeScope();
        return apply(
        [
            call, fusion.weight!, fusion.bias!, call.Layer.Norm?.weight!, call.Layer.Norm?.bias!, after.weight!, after.bias!,
            .. features.Select(x => x.contiguous()),
        ]).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (call, weight, scale, next) = ((CloudFusionCall)vars[0], (Tensor)vars[1], (Tensor?)vars[3], (Tensor)vars[5]);
        Tensor[] features = [.. vars.Skip(7).Cast<Tensor>()];
        var (rows, channels) = (features[0].shape[0], weight.shape[0]);
        var z = empty(rows, channels, weight.dtype);
        var h = empty(rows, next.shape[0], weight.dtype);
        var winners = empty(call.Clouds.GraphCount, channels, weight.dtype);
        var winningRows = empty(winners.shape, weight.dtype == ScalarType.Float64 ? int64 : int32);
        var moments = call.Layer.Norm is not { } norm ? null
            : call.Layer.Trained ? zeros(2, channels, weight.dtype)
            : stack([norm.running_mean!, norm.running_var!]);

        using var scope = NewDisposeScope();
        var (ofWhole, ofAll) = Halves(next, channels);
        foreach (var (first, count) in Chunks(rows))
        {
            using var chunk = NewDisposeScope();
            var all = Together(features, first, count);
            var mapped = z.narrow(0, first, count).addmm_(all, weight.t(), beta: 0, alpha: 1);
            if (vars[2] is Tensor bias) { mapped.add_(bias); }
            h.narrow(0, first, count).addmm_(all, ofAll.t(), beta: 0, alpha: 1);
        }

        var sign = scale is null ? ones(channels, weight.dtype) : where(scale.detach().lt(0), -ones_like(scale), ones_like(scale));
        var asked = call.Layer.Trained ? moments : null;
        if (z.dtype == ScalarType.Float64) { Pooled<double>(z, call).Forward(sign, winners, winningRows, asked); }
        else { Pooled<float>(z, call).Forward(sign, winners, winningRows, asked); }
        if (asked is not null) { EdgeBatchNorm.Learn(call.Layer.Norm!, asked, (int)rows); }

        var whole = EdgeConvFunction.Normalized(winners.clone(), moments, scale, (Tensor?)vars[4], call.Layer); // [G, C]
        h.add_(call.Clouds.Spread(nn.functional.linear(whole, ofWhole, (Tensor?)vars[6])));
        ctx.save_for_backward([weight, (Tensor)vars[2], scale!, (Tensor)vars[4], next, (Tensor)vars[6], z, winners, winningRows, moments!, whole.MoveToOuterDisposeScope(), .. features]);
        ctx.save_data(nameof(CloudFusionCall), call);
        return h;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardScope.Run(grad_output, g =>
    {
        var call = (CloudFusionCall)ctx.get_data(nameof(CloudFusionCall));
        var saved = ctx.get_saved_variables();
        var (weight, next, z, winners) = (saved[0].detach(), saved[4].detach(), saved[6], saved[7]);
        Tensor[] features = [.. saved.Skip(11).Take(call.Features)];
        var (ofWhole, ofAll) = Halves(next, weight.shape[0]);
        var sums = call.Clouds.Sum(g); // [G, H]
        var step = new EdgeConvBack(call.Layer, g, saved[2], saved[3], saved[9]);
        var toWhole = sums.matmul(ofWhole);
        var (arrived, shared) = z.dtype == ScalarType.Float64 ? step.ToWinners<double>(winners, toWhole) : step.ToWinners<float>(winners, toWhole);

        var (toWeight, toBias, toNext) = (zeros_like(weight), zeros(weight.shape[0], weight.dtype), zeros_like(next));
        var (toMapOfWhole, toAll) = Halves(toNext, weight.shape[0]);
        toMapOfWhole.addmm_(sums.t(), saved[10], beta: 0, alpha: 1);
        Tensor[] toFeatures = [.. features.Select(x => empty_like(x))];
        foreach (var (first, count) in Chunks(z.shape[0]))
        {
            using var chunk = NewDisposeScope();
            var (all, received, toZ) = (Together(features, first, count), g.narrow(0, first, count), empty(count, z.shape[1], z.dtype));
            if (z.dtype == ScalarType.Float64) { Pooled<double>(z, call).Backward((int)first, arrived, saved[8], shared, toZ); }
            else { Pooled<float>(z, call).Backward((int)first, arrived, saved[8], shared, toZ); }
            toWeight.addmm_(toZ.t(), all, beta: 1, alpha: 1);
            toAll.addmm_(received.t(), all, beta: 1, alpha: 1);
            toBias.add_(toZ.sum(dim: 0));
            Apart(received.matmul(ofAll).addmm_(toZ, weight, beta: 1, alpha: 1), toFeatures, first);
        }

        return
        [
            null, toWeight, saved[1] is null ? null : toBias, step.Scale, step.Shift, toNext, saved[5] is null ? null : sums.sum(dim: 0), .. toFeatures,
        ];
    });

    private static PooledRows<T> Pooled<T>(Tensor z, CloudFusionCall call) where T : unmanaged, IFloatingPointIeee754<T> =>
        new(z, call.Clouds.CloudOfRow, call.Layer.Before);

    private static (Tensor OfWhole, Tensor OfAll) Halves(Tensor map, long channels) =>
        (map.narrow(1, 0, channels), map.narrow(1, channels, map.shape[1] - channels));

    private static Tensor Together(Tensor[] features, long first, long count) => cat([.. features.Select(x => x.narrow(0, first, count))], dim: 1);

    private static void Apart(Tensor all, Tensor[] into, long first)
    {
        long column = 0;
        foreach (var each in into)
        {
            each.narrow(0, first, all.shape[0]).copy_(all.narrow(1, column, each.shape[1]));
            column += each.shape[1];
        }
    }

    private static IEnumerable<(long First, long Count)> Chunks(long rows)
    {
        for (long first = 0; first < rows; first += RowsTogether) { yield return (first, Math.Min(RowsTogether, rows - first)); }
    }
}
