using Contracts;
using Web.Client;

namespace Web.Tests;

public sealed class DisplayTests
{
    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(8.44, "8.4 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(187, "3:07 min")]
    [InlineData(8049, "2:14:09 h")]
    [InlineData(273600, "3 d 4 h")]
    [InlineData(-5, "0.0 s")]
    public void A_duration_reads_by_its_size(double seconds, string expected) => Assert.Equal(expected, Display.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0.81434, "0.8143")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "−∞")]
    [InlineData(null, "–")]
    public void A_metric_has_four_decimals_or_says_what_it_is(double? value, string expected) => Assert.Equal(expected, Display.Metric(value));

    [Theory]
    [InlineData(700L, "1 KiB")]
    [InlineData(512L << 20, "512 MiB")]
    [InlineData(3L << 29, "1.50 GiB")]
    [InlineData(null, "–")]
    public void Bytes_read_by_their_size(long? bytes, string expected) => Assert.Equal(expected, Display.Bytes(bytes));

    [Fact]
    public void Names_are_those_of_the_documents()
    {
        Assert.Equal("res+", Display.Name(Backbone.ResPlus));
        Assert.Equal("out-of-memory", Display.Name(FailureClass.OutOfMemory));
        Assert.Equal("validMetric", Display.Name(Selection.ValidMetric));
    }

    [Fact]
    public void A_filter_survives_its_query_string_and_drops_what_it_does_not_know()
    {
        var filter = RunFilter.Parse("failed, running,7,nonsense", "depth & width", "  cora ");
        Assert.Equal("?status=running%2Cfailed&group=depth%20%26%20width&text=cora", filter.ToQuery());
        Assert.True(RunFilter.Parse("", " ", null).IsEmpty);
    }
}
