using Npgsql;

namespace Runs;

/// <summary>Held while a process creates or changes tables; it is the session's, so it dies with its process.</summary>
internal static class PostgresStartLock
{
    private const long Key = 0x676e6e5f72756e73;

    public static async Task<NpgsqlConnection> Take(string connectionString, CancellationToken cancellation)
    {
        // Not pooled: closing the connection must end the session and so the lock.
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 120 }.ToString());
        try
        {
            await connection.OpenAsync(cancellation);
            await using var command = new NpgsqlCommand("SELECT pg_advisory_lock($1)", connection) { Parameters = { new() { Value = Key } } };
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
