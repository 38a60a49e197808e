using System.Diagnostics;
using System.Text;
using DeepGnn.Datasets;
using DeepGnn.Datasets.Numpy;
using Testing;

namespace Datasets.Tests;

public sealed class PickleReaderTests
{
    [Theory]
    [InlineData("os", "system")]
    [InlineData("__builtin__", "eval")]
    [InlineData("builtins", "exec")]
    [InlineData("numpy.core.multiarray", "scalar")]
    [InlineData("numpy", "load")]
    [InlineData("subprocess", "Popen")]
    public void A_name_that_no_data_set_needs_is_refused_by_name(string module, string name)
    {
        var pickle = new PickleWriter().Global(module, name).Text("touch hacked").Raw(0x85, (byte)'R').End();
        Assert.StartsWith($"evil.pkl: byte 2: found the name \"{module} {name}\"", Refusal(pickle));
    }

    [Theory]
    [InlineData('i', "INST")]
    [InlineData('o', "OBJ")]
    [InlineData('\x93', "STACK_GLOBAL")]
    [InlineData('\x82', "EXT1")]
    [InlineData('P', "PERSID")]
    [InlineData('Q', "BINPERSID")]
    [InlineData('\x8b', "LONG4")]
    [InlineData('\x95', "FRAME")]
    public void An_instruction_that_no_data_set_needs_is_refused_by_code(char opcode, string meaning)
    {
        var message = Refusal(new PickleWriter().Raw((byte)opcode).End());
        Assert.True(message.StartsWith($"evil.pkl: byte 2: found instruction 0x{(int)opcode:x2}", StringComparison.Ordinal), $"{meaning}: {message}");
    }

    [Fact]
    public void A_call_of_an_allowed_name_with_other_arguments_is_refused() =>
        Assert.Contains("found a call", Refusal(new PickleWriter().Global("collections", "defaultdict").Global("numpy", "ndarray").Raw(0x85, (byte)'R').End()));

    [Fact]
    public void A_length_beyond_the_file_is_refused_before_memory_is_taken()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("needed 2147483647: the file is cut or damaged", Refusal([0x80, 2, (byte)'T', 0xff, 0xff, 0xff, 0x7f]));
        Assert.Contains("needed 4294967295", Refusal([0x80, 2, (byte)'T', 0xff, 0xff, 0xff, 0xff]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void An_array_of_an_absurd_shape_is_refused_before_memory_is_taken()
    {
        var huge = new PickleWriter().Array("i4", [2_000_000_000, 2_000_000_000], [1, 2, 3, 4]).End();
        Assert.Contains("found shape [2000000000, 2000000000]", Refusal(huge));
        Assert.Contains("found 4 bytes for shape [1000000], needed 4000000", Refusal(new PickleWriter().Array("i4", [1_000_000], [1, 2, 3, 4]).End()));
        Assert.Contains("found a length of -1", Refusal(new PickleWriter().Array("i4", [-1], []).End()));
    }

    [Fact]
    public void Containers_nested_deeply_are_refused()
    {
        Assert.Contains("found more than 100 containers", Refusal([0x80, 2, .. Enumerable.Repeat((byte)'(', 1_000_000)]));
        Assert.Contains("found more than 32 tuples", Refusal([0x80, 2, (byte)')', .. Enumerable.Repeat((byte)0x85, 1_000_000)]));
        Assert.Contains("found more than 100000 unfinished", Refusal([0x80, 2, .. Enumerable.Repeat((byte)']', 1_000_000)]));
    }

    [Theory]
    [InlineData("80 02 68 07 2e", "found a reference to object 7")]
    [InlineData("80 02 6a ff ff ff ff 2e", "found a reference to object 4294967295")]
    [InlineData("80 02 2e", "found 0 objects at the end, needed 1")]
    [InlineData("80 02 4e 4e 2e", "found 2 objects at the end, needed 1")]
    [InlineData("80 02 61 2e", "found 0 objects on the stack, needed 1")]
    [InlineData("80 02 4e 4e 61 2e", "found no list to append to")]
    [InlineData("80 02 4e 65 2e", "found no mark, needed one")]
    [InlineData("80 02 7d 28 4e 75 2e", "found no dict with pairs to set")]
    [InlineData("80 02 7d 4e 4e 73 2e", "found a dict key that is neither text nor a whole number")]
    [InlineData("80 02 71 00 2e", "found nothing on the stack")]
    [InlineData("80 02 4e 28 71 00 2e", "found nothing on the stack")]
    [InlineData("80 02 4e 2e 00", "found 1 bytes after the end")]
    [InlineData("80 05 4e 2e", "found pickle protocol 5, needed 2 or 3")]
    [InlineData("28 6c 70 30 0a 2e", "found instruction 0x6c")]
    [InlineData("", "found 0 bytes left, needed 1")]
    public void A_damaged_pickle_says_where_and_what(string hex, string message) => Assert.Contains(message, Refusal(Convert.FromHexString(hex.Replace(" ", ""))));

    [Fact]
    public void A_list_that_holds_itself_is_no_trouble()
    {
        var list = Assert.IsType<PickleList>(PickleReader.Read("a", new byte[] { 0x80, 2, (byte)']', (byte)'q', 0, (byte)'h', 0, (byte)'a', (byte)'.' }));
        Assert.Same(list, list[0]);
    }

    [Fact]
    public void Real_pickles_changed_anywhere_are_read_or_refused_within_bounds()
    {
        foreach (var part in new[] { "x", "y", "graph" })
        {
            var bytes = File.ReadAllBytes(TestFolders.RequireData("planetoid", "cora", $"ind.cora.{part}"));
            var random = new Random(part.Length);
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 400; i++)
            {
                var mutant = bytes.ToArray();
                for (var flips = random.Next(1, 4); flips > 0; flips--) { mutant[random.Next(mutant.Length)] ^= (byte)(1 << random.Next(8)); }
                AssertReadOrRefused(mutant);
            }

            // The head holds the instructions; the bulk is array content.
            for (var i = 0; i < 400; i++)
            {
                var mutant = bytes.ToArray();
                mutant[random.Next(Math.Min(400, mutant.Length))] = (byte)random.Next(256);
                AssertReadOrRefused(mutant);
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(180), $"{part}: {watch.Elapsed}");
        }
    }

    [Fact]
    public void A_pickle_cut_anywhere_is_refused()
    {
        foreach (var part in new[] { "x", "y", "graph" })
        {
            var bytes = File.ReadAllBytes(TestFolders.RequireData("planetoid", "cora", $"ind.cora.{part}"));
            for (var i = 0; i < 50; i++) { Refusal(bytes[..(bytes.Length * i / 50)]); }
            Refusal(bytes[..^1]);
        }
    }

    private static string Refusal(byte[] pickle) => Assert.Throws<DataException>(() => PickleReader.Read("evil.pkl", pickle)).Message;

    private static void AssertReadOrRefused(byte[] pickle)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try { PickleReader.Read("evil.pkl", pickle); }
        catch (DataException) { }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L << 20);
    }
}
