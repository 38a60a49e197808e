using System.Text;
using DeepGnn.Datasets;
using DeepGnn.Datasets.Numpy;

namespace Datasets.Tests;

public sealed class NpyReaderTests
{
    [Fact]
    public void Numbers_of_every_type_are_read()
    {
        AssertInts("|b1", new[] { true, false, true, true }, [1, 0, 1, 1]);
        AssertInts("|i1", new sbyte[] { -1, 2, 3, 4 }, [-1, 2, 3, 4]);
        AssertInts("|u1", new byte[] { 255, 2, 3, 4 }, [255, 2, 3, 4]);
        AssertInts("<i2", new short[] { -300, 2, 3, 4 }, [-300, 2, 3, 4]);
        AssertInts("<u2", new ushort[] { 65_535, 2, 3, 4 }, [65_535, 2, 3, 4]);
        AssertInts("<i4", new[] { int.MinValue, 2, 3, 4 }, [int.MinValue, 2, 3, 4]);
        AssertInts("<u4", new uint[] { 7, 2, 3, 4 }, [7, 2, 3, 4]);
        AssertInts("<i8", new long[] { -5, 2, 3, 4 }, [-5, 2, 3, 4]);
        AssertInts("<u8", new ulong[] { 5, 2, 3, 4 }, [5, 2, 3, 4]);
        AssertFloats("<f2", new[] { (Half)0.5, (Half)2, (Half)3, (Half)4 }, [0.5f, 2, 3, 4]);
        AssertFloats("<f4", new[] { 0.5f, 2, 3, 4 }, [0.5f, 2, 3, 4]);
        AssertFloats("<f8", new[] { 0.5, 2, 3, 4 }, [0.5f, 2, 3, 4]);
        AssertFloats("<i8", new long[] { 1, 2, 3, 4 }, [1, 2, 3, 4]);
    }

    [Fact]
    public void Column_major_arrays_come_out_row_major() =>
        Assert.Equal([1, 2, 3, 4, 5, 6], Read(SmallNpz.Npy("<i4", [2, 3], new[] { 1, 4, 2, 5, 3, 6 }, fortran: true)).ToInts("value"));

    [Fact]
    public void Column_major_arrays_of_three_dimensions_come_out_row_major()
    {
        var columnMajor = from c in Enumerable.Range(0, 4) from b in Enumerable.Range(0, 3) from a in Enumerable.Range(0, 2) select (a * 100) + (b * 10) + c;
        var rowMajor = from a in Enumerable.Range(0, 2) from b in Enumerable.Range(0, 3) from c in Enumerable.Range(0, 4) select (a * 100) + (b * 10) + c;
        Assert.Equal(rowMajor, Read(SmallNpz.Npy("<i4", [2, 3, 4], columnMajor.ToArray(), fortran: true)).ToInts("value"));
    }

    [Fact]
    public void Numbers_of_the_other_byte_order_are_turned() =>
        Assert.Equal([1, 256], Read(SmallNpz.Npy(">i4", [2], new byte[] { 0, 0, 0, 1, 0, 0, 1, 0 })).ToInts("value"));

    [Fact]
    public void Text_is_read()
    {
        Assert.Equal(["ab", "ö"], Read(SmallNpz.Npy("<U2", [2], Encoding.UTF32.GetBytes("abö\0"))).ToTexts());
        Assert.Equal(["ab", "c"], Read(SmallNpz.Npy("|S2", [2], "abc\0"u8.ToArray())).ToTexts());
    }

    [Fact]
    public void Numbers_outside_the_asked_range_are_refused_with_their_place()
    {
        var array = Read(SmallNpz.Npy("<u8", [2, 2], new ulong[] { 1, 2, ulong.MaxValue, 4 }));
        Assert.Equal("a.npy: edge [1, 0]: found 18446744073709551615, needed a whole number from 0 to 9",
            Assert.Throws<DataException>(() => array.ToInts("edge", 0, 9)).Message);
    }

    [Fact]
    public void A_double_beyond_single_precision_is_refused() =>
        Assert.Equal("a.npy: feature [0]: found 1E+300, needed a finite number",
            Assert.Throws<DataException>(() => Read(SmallNpz.Npy("<f8", [1], new[] { 1e300 })).ToFloats("feature")).Message);

    [Fact]
    public void Fractions_are_no_whole_numbers() =>
        Assert.Equal("a.npy: found elements of type f4, needed whole numbers",
            Assert.Throws<DataException>(() => Read(SmallNpz.Npy("<f4", [1], new[] { 1f })).ToInts("label")).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(60)]
    [InlineData(130)]
    public void A_cut_array_is_refused(int length) => Assert.Throws<DataException>(() => Read(SmallNpz.Npy("<i4", [2], new[] { 1, 2 })[..length]));

    private static NumpyArray Read(byte[] bytes) => NpyReader.Read("a.npy", bytes);

    private static void AssertInts<T>(string type, T[] values, int[] needed) where T : unmanaged =>
        Assert.Equal(needed, Read(SmallNpz.Npy(type, [2, 2], values)).ToInts("value"));

    private static void AssertFloats<T>(string type, T[] values, float[] needed) where T : unmanaged =>
        Assert.Equal(needed, Read(SmallNpz.Npy(type, [2, 2], values)).ToFloats("value"));
}
