using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Contracts;
using DeepGnn.Datasets;
using Testing;

namespace Datasets.Tests;

public sealed class DatasetDownloadTests : IDisposable
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("a data set");

    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_is_fetched_checked_and_found_again()
    {
        using var server = new LoopbackServer(_ => (200, Content));
        var entry = Entry(server.Address + "small.npz", Hash(Content));
        Assert.Null(entry.Locate([_folder.Path]));

        var path = Assert.Single(Download().Fetch(entry));
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal([path], entry.Locate([_folder.Path]));
        Assert.Equal([path], Download().Fetch(entry));
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public void Content_with_another_checksum_is_refused_and_leaves_nothing()
    {
        using var server = new LoopbackServer(_ => (200, Encoding.ASCII.GetBytes("something else")));
        var url = server.Address + "small.npz";
        Assert.Equal($"{url}: found content of SHA-256 {Hash(Encoding.ASCII.GetBytes("something else"))}, needed {Hash(Content)}", Refusal(Entry(url, Hash(Content))));
        AssertNothingLeft();
    }

    [Fact]
    public void An_error_of_the_server_says_what_to_do()
    {
        using var server = new LoopbackServer(_ => (404, []));
        var message = Refusal(Entry(server.Address + "small.npz", Hash(Content)));
        Assert.Contains("404", message);
        Assert.EndsWith("Place small.npz in one of the folders of GNN_DATA instead.", message);
        AssertNothingLeft();
    }

    [Fact]
    public void A_connection_that_breaks_leaves_nothing()
    {
        using var server = new LoopbackServer(_ => (200, Content)) { AnnouncedLength = 1_000 };
        Assert.Contains("cannot be fetched", Refusal(Entry(server.Address + "small.npz", Hash(Content))));
        AssertNothingLeft();
    }

    [Fact]
    public void No_network_is_a_clear_error()
    {
        string address;
        using (var server = new LoopbackServer(_ => (200, Content))) { address = server.Address; }
        Assert.Contains("cannot be fetched", Refusal(Entry(address + "small.npz", Hash(Content))));
    }

    [Fact]
    public void A_set_without_checksum_is_never_fetched()
    {
        var pubmed = DatasetCatalog.Find("pubmed")!;
        Assert.False(pubmed.Downloadable);
        var error = Assert.Throws<DataException>(() => NodeDatasets.Load(new() { Dataset = "pubmed" }, [_folder.Path], Download()));
        Assert.Contains("ind.pubmed.allx", error.Message);
    }

    private DatasetDownload Download() => new(_folder.Path, _client);

    private string Refusal(DatasetEntry entry) => Assert.Throws<DataException>(() => Download().Fetch(entry)).Message;

    private void AssertNothingLeft() => Assert.Empty(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static DatasetEntry Entry(string url, string sha256) => new()
    {
        Name = "small",
        Title = "",
        Task = "",
        Source = "",
        Format = DatasetFormat.Npz,
        Places = ["small"],
        Files = [new("small.npz") { Url = url, Sha256 = sha256 }],
    };

    /// <summary>The least of a web server: answers each request on a free loopback port, then closes the connection.</summary>
    private sealed class LoopbackServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<string, (int Status, byte[] Content)> _answer;
        private int _requests;

        public LoopbackServer(Func<string, (int Status, byte[] Content)> answer)
        {
            _answer = answer;
            _listener.Start();
            _ = Serve();
        }

        public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";

        public int Requests => Volatile.Read(ref _requests);

        public int? AnnouncedLength { get; init; }

        public void Dispose() => _listener.Dispose();

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    using var connection = await _listener.AcceptTcpClientAsync();
                    var stream = connection.GetStream();
                    using var reader = new StreamReader(stream, leaveOpen: true);
                    var request = await reader.ReadLineAsync() ?? "";
                    while (await reader.ReadLineAsync() is { Length: > 0 }) { }

                    Interlocked.Increment(ref _requests);
                    var (status, content) = _answer(request);
                    var head = $"HTTP/1.1 {status} x\r\nContent-Length: {AnnouncedLength ?? content.Length}\r\nConnection: close\r\n\r\n";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
                    await stream.WriteAsync(content);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException) { }
        }
    }
}
