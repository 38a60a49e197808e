using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>
/// A TCP wire to a port of this machine that can be cut: what is connected stays connected and what connects is accepted, but not a byte gets
/// through, as behind a broken network. Whoever uses another wire notices nothing.
/// </summary>
public sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource over = new();
    private readonly int target;
    private readonly Task accepting;
    private volatile TaskCompletionSource mended = Done();

    public Wire(int target)
    {
        this.target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = Accept();
    }

    public int Port { get; }

    public void Cut() => mended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Mend() => mended.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        Mend();
        listener.Stop();
        await accepting;
        listener.Dispose();
        over.Dispose();
    }

    private async Task Accept()
    {
        var open = new List<Task>();
        try
        {
            while (true) { open.Add(Join(await listener.AcceptTcpClientAsync(over.Token))); }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException) { } // it was let go of
        await Task.WhenAll(open);
    }

    private async Task Join(TcpClient near)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
        using var far = new TcpClient();
        using (near)
        {
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, target, end.Token);
                var both = (Task[])[Pass(near.GetStream(), far.GetStream(), end.Token), Pass(far.GetStream(), near.GetStream(), end.Token)];
                await Task.WhenAny(both);
                await end.CancelAsync();
                await Task.WhenAll(both);
            }
            catch (Exception broken) when (broken is OperationCanceledException or IOException or SocketException or ObjectDisposedException) { } // one side hung up
        }
    }

    private async Task Pass(NetworkStream from, NetworkStream to, CancellationToken cancellation)
    {
        var buffer = new byte[16_384];
        while (await from.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            await mended.Task.WaitAsync(cancellation);
            await to.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
