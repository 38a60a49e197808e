using DeepGnn.Aggregation.Simd;
using DeepGnn.Runtime;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Runtime;

public sealed class DenormalsTests
{
    private const float Small = 1e-30f;

    // On a thread of its own: what it sets would otherwise stay with a test that comes after.
    [Fact]
    public Task Every_thread_that_computes_flushes_them() => Task.Factory.StartNew(
        () =>
        {
            TorchRuntime.Start(seed: 1, threads: 2);
            Assert.Equal(0, Small * Factor());
            using var many = full(1 << 20, Small); // shared among libtorch's threads
            using var product = many.mul(1e-10f);
            Assert.Equal(0, product.count_nonzero().item<long>());

            var products = new float[64];
            RowTeam.Run(products.Length, 2, piece =>
            {
                Thread.Sleep(1);
                products[piece] = Small * Factor();
            });
            Assert.All(products, value => Assert.Equal(0, value));
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    // Not known to the compiler, which would multiply by its own rules.
    private static float Factor() => 1f / (1e10f + Random.Shared.Next(1));
}
