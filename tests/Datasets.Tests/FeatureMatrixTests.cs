using DeepGnn.Datasets;
using DeepGnn.Graphs;
using DeepGnn.Sampling;

namespace Datasets.Tests;

/// <summary>A matrix whose entries are all stored needs no columns, and is the same matrix without them.</summary>
public sealed class FeatureMatrixTests
{
    private static readonly float[] Full = [1, 2, 3, 4, 5, 6];
    private static readonly float[] WithZero = [7, 0, 8, 0, 0, 9];

    [Fact]
    public void An_array_without_zeros_becomes_the_matrix_own()
    {
        var matrix = FeatureMatrix.FromDense(2, 3, Full);

        Assert.Same(Full, matrix.Values);
        Assert.Equal([0, 3, 6], matrix.Offsets);
        Assert.Equal([0, 1, 2, 0, 1, 2], matrix.Columns);
        Assert.Equal(Full, matrix.ToDense());
        Assert.NotSame(Full, matrix.ToDense());
        Assert.Equal([4, 5, 6, 1, 2, 3], matrix.Pick([1, 0]).ToDense());
        Assert.Equal([4f / 15, 5f / 15, 6f / 15], matrix.RowNormalized().ToDense()[3..]);
        Assert.Equal([1, 2, 3, 4, 5, 6], Full);
    }

    [Fact]
    public void Zeros_are_not_stored()
    {
        var matrix = FeatureMatrix.FromDense(2, 3, WithZero);

        Assert.Equal([0, 2, 3], matrix.Offsets);
        Assert.Equal([0, 2, 2], matrix.Columns);
        Assert.Equal([7, 8, 9], matrix.Values);
        Assert.Equal(WithZero, matrix.ToDense());
    }

    [Fact]
    public void The_fingerprint_is_that_of_the_matrix_with_columns()
    {
        NodeDataset Of(FeatureMatrix features) => new()
        {
            Name = "two", Graph = new Graph(2, [0, 1], [1, 0]), Features = features, Labels = [0, 1], ClassCount = 2, Splits = [new([0], [1], [1])],
        };
        string Print(FeatureMatrix features) => DataFingerprint.Of(Of(features), Of(features).Splits[0]);

        var without = FeatureMatrix.FromDense(2, 3, Full);
        Assert.Equal(Print(without with { Columns = [0, 1, 2, 0, 1, 2] }), Print(without));
        Assert.NotEqual(Print(without with { Values = [1, 2, 3, 4, 5, 7] }), Print(without));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Graphs_side_by_side_have_their_features_one_below_the_other(bool first, bool second)
    {
        var (one, other) = (first ? Full : WithZero, second ? Full : WithZero);

        var features = DisjointBatch.Of([Sample(one), Sample(other)]).Features;

        Assert.Equal([.. one, .. other], features.ToDense());
        Assert.Equal(features.Values.Length, features.Columns.Length);
        static GraphSample Sample(float[] values) => new("", new Graph(2, [0], [1]), FeatureMatrix.FromDense(2, 3, values));
    }

    [Fact]
    public void Columns_left_out_where_they_are_needed_are_an_error()
    {
        var matrix = new FeatureMatrix { RowCount = 2, ColumnCount = 3, Offsets = [0, 1, 2], Values = [1, 2] };

        Assert.Equal("columns: found none for 2 of 6 entries, needed one for each", Assert.Throws<InvalidOperationException>(() => matrix.Columns).Message);
    }
}
