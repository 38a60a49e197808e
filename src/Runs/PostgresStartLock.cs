using System.Diagnostics;
using Npgsql;

namespace Runs;

/// <summary>Held while a process creates or changes tables; it is the session's, so it dies with its process.</summary>
internal static class PostgresStartLock
{
    private const long Key = 0x676e6e5f72756e73;

    /// <summary>Machines are switched on together, and a database takes longer to come up than this service.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<NpgsqlConnection> Take(string connectionString, CancellationToken cancellation)
    {
        // Not pooled: closing the connection must end the session and so the lock.
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 120 };
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try { return await TakeOnce(settings, cancellation); }
            catch (NpgsqlException away) when (away.IsTransient)
            {
                if (Stopwatch.GetElapsedTime(since) > Patience)
                {
                    throw new InvalidOperationException(
                        $"ConnectionStrings:Runs: no Postgres answered at {settings.Host}:{settings.Port} within {Patience.TotalSeconds:0} s ({away.Message})", away);
                }
                await Task.Delay(500, cancellation);
            }
        }
    }

    private static async Task<NpgsqlConnection> TakeOnce(NpgsqlConnectionStringBuilder settings, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(settings.ToString());
        try
        {
            await connection.OpenAsync(cancellation);
            await using var command = new NpgsqlCommand($"SELECT pg_advisory_lock({Key})", connection);
            await command.ExecuteNonQueryAsync(cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
