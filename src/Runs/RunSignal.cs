using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Runs;

/// <summary>
/// "Run X has something new", told after commit: within the process when the store is SQLite, by LISTEN/NOTIFY on Postgres. A signal
/// carries no data; who hears it reads the store.
/// </summary>
public sealed class RunSignal(RunsSettings settings, ILogger<RunSignal> log)
{
    internal const string Channel = "gnn_runs";

    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProveAliveEvery = TimeSpan.FromSeconds(15);

    private readonly Lock gate = new();
    private readonly List<Channel<Guid?>> listeners = [];

    /// <summary>
    /// Ids of runs that changed, one for each commit. A null says that listening starts (again) and signals may have been missed
    /// before: look at everything. It comes first, so who subscribes and then looks misses nothing.
    /// </summary>
    public async IAsyncEnumerable<Guid?> Listen([EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = System.Threading.Channels.Channel.CreateUnbounded<Guid?>();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var postgres = Task.CompletedTask;
        if (settings.UsesPostgres)
        {
            postgres = Task.Run(() => ListenToPostgres(channel.Writer, done.Token), CancellationToken.None);
        }
        else
        {
            channel.Writer.TryWrite(null);
            lock (gate) { listeners.Add(channel); }
        }
        try
        {
            await foreach (var run in channel.Reader.ReadAllAsync(cancellation)) { yield return run; }
        }
        finally
        {
            // Reached by cancellation, and as well by a listener that has heard enough.
            lock (gate) { listeners.Remove(channel); }
            await done.CancelAsync();
            await postgres;
        }
    }

    internal void Publish(IEnumerable<Guid> runs)
    {
        lock (gate)
        {
            foreach (var run in runs)
            {
                foreach (var listener in listeners) { listener.Writer.TryWrite(run); }
            }
        }
    }

    private async Task ListenToPostgres(ChannelWriter<Guid?> to, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.Postgres) { Pooling = false }.ToString());
                connection.Notification += (_, notice) => { if (Guid.TryParse(notice.Payload, out var run)) { to.TryWrite(run); } };
                await connection.OpenAsync(cancellation);
                await Execute(connection, $"LISTEN {Channel}", cancellation);
                to.TryWrite(null);
                while (true)
                {
                    // A peer that vanished without a word is noticed by the query that follows a quiet time.
                    if (!await connection.WaitAsync(ProveAliveEvery, cancellation)) { await Execute(connection, "SELECT 1", cancellation); }
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested) { return; }
            catch (Exception lost) when (lost is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or IOException)
            {
                log.LogWarning("Listening for runs was interrupted, trying again: {Reason}", lost.Message);
                await Task.Delay(ReconnectAfter, CancellationToken.None);
            }
        }
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
