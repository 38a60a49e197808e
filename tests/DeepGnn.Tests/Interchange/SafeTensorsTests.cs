using System.Text;
using DeepGnn.Interchange;
using Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Interchange;

public sealed class SafeTensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Written_file_has_the_bytes_of_the_format()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("two.safetensors");
        SafeTensors.Write(
            path,
            new Dictionary<string, Tensor> { ["b"] = tensor(new byte[] { 7, 8, 9 }), ["lin.weight"] = tensor(new[] { 1f, -2f }, [2, 1]) },
            new Dictionary<string, string> { ["format"] = "pt" });

        const string json =
            """{"__metadata__":{"format":"pt"},"lin.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";
        byte[] expected =
        [
            152, 0, 0, 0, 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(json.PadRight(152)),
            0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0, 7, 8, 9,
        ];
        Assert.Equal(expected, File.ReadAllBytes(path));
    }

    [Fact]
    public void Hand_made_file_is_read_in_any_order_of_members()
    {
        using var scope = NewDisposeScope();
        var path = Made("""{"s":{"data_offsets":[4,12],"shape":[],"dtype":"I64"}, "h":{"shape":[2,1],"dtype":"F16","data_offsets":[0,4]},"none":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]}}""",
            [0x00, 0x3c, 0x00, 0xc0, 5, 1, 0, 0, 0, 0, 0, 0]);

        var (tensors, metadata) = SafeTensors.Read(path);

        Assert.Empty(metadata);
        Assert.Equal(261, tensors["s"].item<long>());
        Assert.Empty(tensors["s"].shape);
        Assert.Equal([0L, 3L], tensors["none"].shape);
        Assert.Equal([1f, -2f], tensors["h"].to(float32).data<float>().ToArray());
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Every_element_type_comes_back_as_it_was(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 0.0, 1, 0, 100, 1, 0.5 }, [3, 2]).to(type).t(); // not contiguous
        var path = _folder.File("x.safetensors");
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["x"] = x, ["é \"quoted\""] = x });

        var (tensors, _) = SafeTensors.Read(path);

        Assert.Equal(type, tensors["x"].dtype);
        Assert.Equal(x.shape, tensors["x"].shape);
        Assert.True(tensors["x"].eq(x).all().ToBoolean());
        Assert.True(tensors["é \"quoted\""].eq(x).all().ToBoolean());
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", 8, "not the JSON of the format")]
    [InlineData("""["x"]""", 0, "does not start with {")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "found 7 bytes after the header, needed the 8")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "found 9 bytes after the header, needed the 8")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "\"x\": found 4 bytes for F32 [2], needed 8")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "\"y\": found its first byte at 2, needed 4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "\"y\": found its first byte at 8, needed 4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "needed 0")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0, "\"x\" twice")]
    [InlineData("""{"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}""", 8, "found dtype \"C64\", needed one of F64, F32")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "found -1 in shape")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "found 1.5 in shape")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", 4, "needed a shape of fewer than 2^63 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", 4, "more than 2 numbers in data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1]}}""", 0, "incomplete description")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"run":"me"}}""", 4, "a member \"run\" too many")]
    [InlineData("""{"x":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}}""", 4, "a member \"dtype\" too many")]
    [InlineData("""{"x":7}""", 0, "x: found Number, needed StartObject")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__.a: found Number, needed String")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "found \"a\" twice")]
    [InlineData("""{"x":{"dtype":"F32","shape":[[[[[1]]]]],"data_offsets":[0,4]}}""", 4, "found a header")]
    [InlineData("""{} {}""", 0, "not the JSON of the format")]
    public void Damaged_file_is_refused_with_what_was_found_and_what_is_needed(string json, int dataBytes, string said)
    {
        var path = Made(json, new byte[dataBytes]);

        var refused = Assert.Throws<InvalidDataException>(() => SafeTensors.Read(path));

        Assert.StartsWith(path, refused.Message);
        Assert.Contains(said, refused.Message);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 }, "found 3 bytes, needed at least 8")]
    [InlineData(new byte[] { 9, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' }, "a header of 9 bytes, needed at most 2")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, (byte)'{', (byte)'}' }, "a header of 18446744073709551615 bytes")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, "does not start with {")]
    public void Impossible_header_length_is_refused(byte[] content, string said)
    {
        var path = _folder.File("short.safetensors");
        File.WriteAllBytes(path, content);

        Assert.Contains(said, Assert.Throws<InvalidDataException>(() => SafeTensors.ReadHeader(path)).Message);
    }

    [Fact]
    public void Header_longer_than_the_format_allows_is_refused_unread()
    {
        var path = _folder.File("long.safetensors");
        using (var file = File.Create(path))
        {
            file.Write(BitConverter.GetBytes(SafeTensorsHeader.MaxBytes + 1));
            file.SetLength(SafeTensorsHeader.MaxBytes + 100); // a hole in the file: takes no room on the disk
        }

        Assert.Contains("needed at most 100000000", Assert.Throws<InvalidDataException>(() => SafeTensors.ReadHeader(path)).Message);
    }

    [Fact]
    public void Deep_and_long_json_is_refused_without_being_built()
    {
        Assert.Throws<InvalidDataException>(() => SafeTensors.ReadHeader(Made("{\"x\":" + new string('[', 1_000_000), [])));
        var shape = string.Join(",", Enumerable.Repeat("1", 1_000_000));
        var refused = Assert.Throws<InvalidDataException>(() =>
            SafeTensors.ReadHeader(Made("{\"x\":{\"dtype\":\"U8\",\"shape\":[" + shape + "],\"data_offsets\":[0,1]}}", [0])));
        Assert.Contains("more than 64 numbers in shape", refused.Message);
    }

    [Fact]
    public void Every_cut_of_a_sound_file_is_refused()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("whole.safetensors");
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(3), ["b"] = ones(2, 2, float64) });
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => SafeTensors.Read(path));
        }
    }

    [Fact]
    public void Truth_value_other_than_0_and_1_is_refused()
    {
        var path = Made("""{"x":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}""", [1, 2]);
        Assert.Contains("found a byte of 2, needed 0 or 1", Assert.Throws<InvalidDataException>(() => SafeTensors.Read(path)).Message);
    }

    [Fact]
    public void Failed_writing_leaves_the_older_file_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        var path = _folder.File("x.safetensors");
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["x"] = ones(1) });
        var before = File.ReadAllBytes(path);
        var gone = ones(1);
        gone.Dispose();

        Assert.ThrowsAny<Exception>(() => SafeTensors.Write(path, new Dictionary<string, Tensor> { ["x"] = gone }));
        Assert.Throws<NotSupportedException>(() => SafeTensors.Write(path, new Dictionary<string, Tensor> { ["x"] = zeros(1, complex64) }));

        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    private string Made(string json, byte[] data)
    {
        var header = Encoding.UTF8.GetBytes(json);
        var path = _folder.File("made.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. data]);
        return path;
    }
}
