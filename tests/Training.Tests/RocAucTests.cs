using DeepGnn.Training;

namespace Training.Tests;

public sealed class RocAucTests
{
    [Theory]
    [InlineData(new[] { 0.1, 0.4, 0.35, 0.8 }, new long[] { 0, 0, 1, 1 }, 0.75)]
    [InlineData(new[] { 1.0, 2, 3, 4 }, new long[] { 0, 0, 1, 1 }, 1)]
    [InlineData(new[] { 4.0, 3, 2, 1 }, new long[] { 0, 0, 1, 1 }, 0)]
    [InlineData(new[] { 5.0, 5, 5, 5 }, new long[] { 0, 1, 0, 1 }, 0.5)]
    [InlineData(new[] { 1.0, 1, 2, 0 }, new long[] { 1, 0, 1, 0 }, 0.875)]
    [InlineData(new[] { 1.0, 2 }, new long[] { 1, 1 }, double.NaN)]
    [InlineData(new double[0], new long[0], double.NaN)]
    public void The_area_is_the_share_of_pairs_in_the_right_order(double[] margin, long[] truth, double area) =>
        Assert.Equal(area, Score.RocAuc(margin, truth));

    [Fact]
    public void The_area_equals_the_count_over_all_pairs()
    {
        var random = new Random(5);
        var margin = Enumerable.Range(0, 300).Select(_ => (double)random.Next(40)).ToArray();
        var truth = margin.Select(_ => (long)random.Next(2)).ToArray();
        var pairs = (from p in Enumerable.Range(0, 300)
                     where truth[p] == 1
                     from n in Enumerable.Range(0, 300)
                     where truth[n] == 0
                     select margin[p] > margin[n] ? 1.0 : margin[p].Equals(margin[n]) ? 0.5 : 0).ToList();
        Assert.Equal(pairs.Average(), Score.RocAuc(margin, truth), 12);
    }
}
