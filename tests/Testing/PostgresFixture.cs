using Xunit;

namespace Testing;

/// <summary>
/// One server for a whole test program: <c>[assembly: AssemblyFixture(typeof(PostgresFixture))]</c>, then a constructor parameter of a test
/// class. It starts when first asked for a database.
/// </summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> server = new(() => PostgresServer.Start());

    /// <summary>A fresh database on Postgres; null on SQLite, whose database is a file in the test's own folder.</summary>
    public async Task<string?> NewDatabase(StoreKind store) => store == StoreKind.Postgres ? (await server.Value).NewDatabase() : null;

    public async ValueTask DisposeAsync()
    {
        if (server.IsValueCreated) { await (await server.Value).DisposeAsync(); }
    }
}
