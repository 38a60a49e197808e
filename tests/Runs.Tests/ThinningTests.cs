namespace Runs.Tests;

public sealed class ThinningTests
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Lowest_and_highest_of_every_figure_survive_and_the_number_of_points_is_kept_to(int seed)
    {
        var random = new Random(seed);
        double[][] rows = [.. Enumerable.Range(0, 20_000).Select(i => new[] { Math.Exp(-i / 5e3) + random.NextDouble(), random.NextDouble(), i / 2e4 })];
        rows[7_777][1] = 50;
        rows[12_345][0] = -50;

        var kept = Thinning.Keep(rows, 1_000, always: 4_321);
        Assert.InRange(kept.Count, 500, 1_000);
        Assert.Equal(kept.Order().Distinct(), kept);
        Assert.Superset(new HashSet<int> { 0, 4_321, 7_777, 12_345, 19_999 }, kept.ToHashSet());
        for (var column = 0; column < 3; column++)
        {
            Assert.Equal(rows.Max(row => row[column]), kept.Max(at => rows[at][column]));
            Assert.Equal(rows.Min(row => row[column]), kept.Min(at => rows[at][column]));
        }
        // No stretch is left out: neighbours that were kept lie close together.
        Assert.InRange(kept.Zip(kept.Skip(1)).Max(pair => pair.Second - pair.First), 1, 400);
    }

    [Fact]
    public void NaN_is_no_extreme_and_the_first_of_a_stretch_is_kept()
    {
        double[][] rows = [.. Enumerable.Range(0, 5_000).Select(i => new[] { i is >= 3_000 and < 3_010 ? double.NaN : i % 100, double.NaN })];
        var kept = Thinning.Keep(rows, 100, always: null);
        Assert.Contains(3_000, kept);
        Assert.DoesNotContain(3_005, kept);
        Assert.Equal((0.0, 99.0), (kept.Where(at => at != 3_000).Min(at => rows[at][0]), kept.Where(at => at != 3_000).Max(at => rows[at][0])));
    }

    [Fact]
    public void Few_rows_are_all_kept() => Assert.Equal([0, 1, 2], Thinning.Keep([[1.0], [1.0], [1.0]], 3, always: null));

    [Fact]
    public void Equal_values_everywhere_keep_a_point_of_each_stretch()
    {
        double[][] rows = [.. Enumerable.Range(0, 10_000).Select(_ => new[] { 1.0 })];
        Assert.InRange(Thinning.Keep(rows, 100, always: null).Count, 40, 100);
    }
}
