using System.Buffers.Binary;
using System.Text;
using DeepGnn.Datasets;
using DeepGnn.Datasets.PointClouds;
using Testing;

namespace Datasets.Tests;

public sealed class PointFileTests : IDisposable
{
    private const string PlyHeader = "comment made by hand\nelement vertex 2\nproperty float x\nproperty float y\nproperty double z\nproperty uchar red\nproperty int label\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n";

    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1 2 3 0.5 7\n4 5 6 0.25 8\n")]
    [InlineData("1,2,3,0.5,7\r\n4,5,6,0.25,8")]
    [InlineData("1;2;3;0.5;7.0\n\n4;5;6;0.25;8.0\n")]
    public void Text_gives_points_features_and_labels(string content)
    {
        var cloud = PointTableReader.Read(Write("a.xyz", content), features: 1, labelled: true);
        AssertCloud(cloud, [1, 2, 3, 4, 5, 6], [0.5f, 0.25f], [7, 8]);
    }

    [Theory]
    [InlineData("1 2 3 4\n", "found 4 columns, needed 5: x, y, z, 1 features, label")]
    [InlineData("1 2 3 4 5\n1 2 3 4\n", "line 2: found 4 numbers, needed 5")]
    [InlineData("1 2 inf 4 5\n", "line 1: found \"inf\", needed a finite number")]
    [InlineData("1 2 3 4 5.5\n", "point 0: found label 5.5, needed a whole number")]
    public void Text_that_does_not_fit_is_refused(string content, string message) =>
        AssertRefused(message, Write("a.xyz", content), path => PointTableReader.Read(path, features: 1, labelled: true));

    [Fact]
    public void Ply_text_gives_points_features_and_labels() =>
        AssertCloud(PlyReader.Read(Write("a.ply", "ply\nformat ascii 1.0\n" + PlyHeader + "1 2 3 255 7\n4 5 6 51 8\n3 0 1 0\n")), [1, 2, 3, 4, 5, 6], [1, 0.2f], [7, 8]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ply_of_either_byte_order_gives_the_same(bool bigEndian) =>
        AssertCloud(PlyReader.Read(WriteBinaryPly(bigEndian)), [1, 2, 3, 4, 5, 6], [1, 0.2f], [7, 8]);

    [Theory]
    [InlineData("obj\n", "found no PLY header, needed \"ply\" to \"end_header\"")]
    [InlineData("ply\nformat ascii 1.0\nelement face 1\nend_header\n", "line 3: found element \"face\" first, needed vertex")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n1 2\n", "found no vertex property z, needed x, y and z")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 1\nproperty list uchar int x\nend_header\n", "line 4: found a list in a vertex, needed plain numbers")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 700000000\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n", "found 6 bytes of 700000000 vertices, needed 4200000000: the file is cut")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3.00000000\n", "found 1 points, needed 2: the file is cut")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 nan 3\n", "point 0: found y NaN, needed a finite number")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n", "line 4: found type \"quad\", needed a PLY number type")]
    [InlineData("ply\nformat zip 1.0\nelement vertex 1\nproperty float x\nend_header\n", "found format \"zip\", needed ascii, binary_little_endian or binary_big_endian")]
    public void Ply_that_does_not_fit_is_refused(string content, string message) => AssertRefused(message, Write("a.ply", content), PlyReader.Read);

    [Theory]
    [InlineData("OFF\n8 6 0\n")]
    [InlineData("OFF8 6 0\n")]
    [InlineData("OFF 8 6 12\n# a cube\n")]
    public void Off_gives_points_on_the_surface(string head)
    {
        var cloud = OffReader.Sample(Write("cube.off", head + Cube), points: 6_000, seed: 1);
        Assert.Equal(6_000, cloud.PointCount);
        var sides = new int[6];
        for (var i = 0; i < 6_000; i++)
        {
            var point = cloud.Positions.AsSpan(3 * i, 3);
            var side = Enumerable.Range(0, 6).First(s => cloud.Positions[(3 * i) + (s / 2)] == s % 2);
            sides[side]++;
            foreach (var value in point) { Assert.InRange(value, 0, 1); }
        }

        Assert.All(sides, count => Assert.InRange(count, 850, 1_150));
    }

    [Theory]
    [InlineData("OOPS\n", "line 1: found \"OOPS\", needed OFF")]
    [InlineData("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n", "line 6: found \"3\", needed a whole number from 0 to 2")]
    [InlineData("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1\n", "line 5: found 2 coordinates, needed 3")]
    [InlineData("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n", "line 6: found the end of the file: it is cut")]
    [InlineData("OFF\n3 1 0\n0 0 0\n1 0 0\n2 0 0\n3 0 1 2\n", "found a surface without area, needed at least one face with some")]
    [InlineData("OFF\n3 2000000000 0\n0 0 0\n1 0 0\n0 1 0\n4 0 1 2\n", "line 6: found 3 corners, needed 4")]
    public void Off_that_does_not_fit_is_refused(string content, string message) =>
        AssertRefused(message, Write("a.off", content), path => OffReader.Sample(path, 10, 0));

    [Fact]
    public void Las_that_does_not_fit_is_refused()
    {
        var bytes = File.ReadAllBytes(TestFolders.RequireData("ign_lidar", "870000_6618000.subset.50mx100m.las"))[..(375 + (38 * 100))];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(107), 100);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(247), 100);
        Assert.Equal(100, LasReader.Read(WriteBytes(bytes)).PointCount);

        Refuse("found compressed points (LAZ), needed LAS: unpack the file first", copy => copy[104] |= 128);
        Refuse("found point format 11, needed 0 to 10", copy => copy[104] = 11);
        Refuse("found LAS version 2.4, needed 1.0 to 1.4", copy => copy[24] = 2);
        Refuse("found records of 30 bytes, needed at least 38 for format 8", copy => copy[105] = 30);
        Refuse("found 4175 bytes, needed 375 and 101 points of 38: the file is cut", copy => BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan(247), 101));
        Refuse("found 4175 bytes, needed 375 and 18446744073709551615 points of 38: the file is cut", copy => BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan(247), ulong.MaxValue));
        Refuse("found a scale of NaN, needed one above 0", copy => BinaryPrimitives.WriteDoubleLittleEndian(copy.AsSpan(131), double.NaN));
        for (var i = 0; i < 50; i++) { Assert.Throws<DataException>(() => LasReader.Read(WriteBytes(bytes[..(bytes.Length * i / 50)]))); }

        void Refuse(string message, Action<byte[]> change)
        {
            var copy = bytes.ToArray();
            change(copy);
            AssertRefused(message, WriteBytes(copy), LasReader.Read);
        }
    }

    [Fact]
    public void Binary_files_changed_anywhere_are_read_or_refused()
    {
        var random = new Random(5);
        var ply = File.ReadAllBytes(WriteBinaryPly(bigEndian: false));
        for (var i = 0; i < 1_000; i++)
        {
            var mutant = ply.ToArray();
            mutant[random.Next(mutant.Length)] = (byte)random.Next(256);
            try { PlyReader.Read(WriteBytes(mutant)); }
            catch (DataException) { }
        }
    }

    private const string Cube = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n0 0 1\n1 0 1\n1 1 1\n0 1 1\n4 0 1 2 3\n4 4 5 6 7\n4 0 1 5 4\n4 2 3 7 6\n4 0 3 7 4\n4 1 2 6 5\n";

    private string Write(string name, string content)
    {
        File.WriteAllText(_folder.File(name), content);
        return _folder.File(name);
    }

    private string WriteBytes(byte[] bytes)
    {
        File.WriteAllBytes(_folder.File("a.bin"), bytes);
        return _folder.File("a.bin");
    }

    private string WriteBinaryPly(bool bigEndian)
    {
        var bytes = new List<byte>(Encoding.ASCII.GetBytes($"ply\nformat binary_{(bigEndian ? "big" : "little")}_endian 1.0\n" + PlyHeader));
        foreach (var (x, red, label) in new[] { (1f, (byte)255, 7), (4f, (byte)51, 8) })
        {
            Add(BitConverter.GetBytes(x));
            Add(BitConverter.GetBytes(x + 1));
            Add(BitConverter.GetBytes((double)x + 2));
            bytes.Add(red);
            Add(BitConverter.GetBytes(label));
        }

        return WriteBytes([.. bytes, 3, 0, 0, 0, 0]);

        void Add(byte[] value) => bytes.AddRange(bigEndian ? value.Reverse() : value);
    }

    private static void AssertCloud(PointCloud cloud, float[] positions, float[] features, int[] labels)
    {
        Assert.Equal(positions, cloud.Positions);
        Assert.Equal(features, cloud.Features.Values);
        Assert.Equal(labels, cloud.PointLabels);
    }

    private static void AssertRefused(string message, string path, Func<string, PointCloud> read) =>
        Assert.Equal($"{path}: {message}", Assert.Throws<DataException>(() => read(path)).Message);
}
