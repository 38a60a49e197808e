using DeepGnn.Aggregation;
using DeepGnn.Datasets;
using DeepGnn.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Training.Tests;

public sealed class InputFeaturesTests
{
    private const int Rows = 40, Columns = 30;

    [Theory]
    [InlineData(0.05)] // kept sparse
    [InlineData(0.9)]  // kept dense
    [InlineData(1.0)]  // and all of it stored
    public void The_product_and_its_gradient_equal_the_dense_ones(double density)
    {
        TorchRuntime.Start(seed: 3);
        using var scope = NewDisposeScope();
        var x = Draw(density);
        var matrix = FeatureMatrix.FromDense(Rows, Columns, x.data<float>().ToArray());
        using var features = new InputFeatures(matrix, CPU);
        var w = randn(7, Columns, requires_grad: true);
        var r = randn(Rows, 7);

        var product = features.Times(w, dropout: 0);
        (product * r).sum().backward();

        Assert.True(product.allclose(x.matmul(w.t()), 1e-5, 1e-6));
        Assert.True(w.grad!.allclose(r.t().matmul(x), 1e-4, 1e-5));
        Assert.True(features.ToDense(dropout: 0).equal(x).all().ToBoolean());
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.9)]
    public void Picked_rows_are_those_of_the_nodes_again_and_again(double density)
    {
        TorchRuntime.Start(seed: 3);
        using var scope = NewDisposeScope();
        var x = Draw(density);
        using var features = new InputFeatures(FeatureMatrix.FromDense(Rows, Columns, x.data<float>().ToArray()), CPU);
        using var some = features.Pick([7, 3, 7, 39]);
        using var fewer = some.Pick([3, 0]);
        var w = randn(5, Columns);

        Assert.True(fewer.ToDense(dropout: 0).equal(x.index_select(0, tensor([39L, 7L]))).all().ToBoolean());
        Assert.True(some.Times(w, dropout: 0).allclose(x.index_select(0, tensor([7L, 3L, 7L, 39L])).matmul(w.t()), 1e-5, 1e-6));
        Assert.Contains("row 1: found node 4, needed a node from 0 to 3", Assert.Throws<ArgumentException>(() => some.Pick([0, 4])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.9)]
    public void Dropout_zeroes_its_share_and_keeps_the_mean(double density)
    {
        TorchRuntime.Start(seed: 3);
        using var scope = NewDisposeScope();
        using var features = new InputFeatures(FeatureMatrix.FromDense(Rows, Columns, ones(Rows, Columns).mul(Draw(density).ne(0)).data<float>().ToArray()), CPU);
        var stored = features.ToDense(0).sum().ToDouble();

        double kept = 0;
        for (var i = 0; i < 200; i++) { kept += features.ToDense(dropout: 0.25).gt(0).sum().ToDouble(); }

        Assert.Equal(0.75, kept / (200 * stored), 0.03);
        Assert.Equal(4 / 3.0, features.ToDense(dropout: 0.25).max().ToDouble(), 6);
    }

    private static Tensor Draw(double density) => randn(Rows, Columns) * rand(Rows, Columns).lt(density);
}
