using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Testing;
using static Runs.Tests.RunsHost;

namespace Runs.Tests;

public sealed class RunStoreTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Hosts_that_start_at_once_on_an_empty_Postgres_all_come_up()
    {
        var database = await postgres.NewDatabase(StoreKind.Postgres);
        var hosts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => RunsHost.StartOn(database))));
        await hosts[0].QueuedRun();
        Assert.NotNull(await hosts[3].Queue.Claim("worker-a", Token));
        foreach (var host in hosts) { await host.DisposeAsync(); }
    }

    [Fact]
    public async Task A_lock_left_by_a_process_killed_while_migrating_does_not_block_the_next_start()
    {
        using var folder = TestFolders.NewTemporary();
        var settings = new RunsSettings { DataFolder = folder.Path };
        var store = new RunStore(settings, new RunSignal(settings, Microsoft.Extensions.Logging.Abstractions.NullLogger<RunSignal>.Instance));
        await using (var db = store.Open())
        {
            await db.Database.ExecuteSqlRawAsync("CREATE TABLE \"__EFMigrationsLock\" (\"Id\" INTEGER PRIMARY KEY, \"Timestamp\" TEXT NOT NULL)", Token);
            await db.Database.ExecuteSqlRawAsync("INSERT INTO \"__EFMigrationsLock\" VALUES (1, '2020-01-01')", Token);
        }

        await store.Migrate(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        await using var after = store.Open();
        Assert.Empty(await after.Database.GetPendingMigrationsAsync(Token));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }

    [Fact]
    public async Task A_transaction_that_is_left_open_lets_go_of_its_rows_by_itself()
    {
        await using var host = await RunsHost.Start(StoreKind.Postgres, postgres);
        await using var db = host.Store.Open();
        var found = await db.Database.SqlQuery<string>($"SELECT current_setting('idle_in_transaction_session_timeout') AS \"Value\"").ToListAsync(Token);
        Assert.Equal(["10s"], found);
    }

    [Theory]
    [InlineData("Host=db;Options=-c search_path=runs", "-c search_path=runs -c idle_in_transaction_session_timeout=10s")]
    [InlineData("Host=db;Options=-c idle_in_transaction_session_timeout=5s", "-c idle_in_transaction_session_timeout=5s")]
    public void What_the_connection_string_says_for_the_server_stays(string given, string needed)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Runs"] = given }).Build();
        Assert.Equal(needed, new Npgsql.NpgsqlConnectionStringBuilder(RunsSettings.From(configuration).Postgres).Options);
    }

    [Theory]
    [InlineData("Host=db", 100)]
    [InlineData("Host=db;Max Auto Prepare=0", 0)]
    public void Statements_are_prepared_unless_the_connection_string_says_otherwise(string given, int needed)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Runs"] = given }).Build();
        Assert.Equal(needed, new Npgsql.NpgsqlConnectionStringBuilder(RunsSettings.From(configuration).Postgres).MaxAutoPrepare);
    }

    [Fact]
    public async Task A_column_that_a_newer_version_adds_meanwhile_costs_a_prepared_statement_one_retry()
    {
        await using var host = await RunsHost.Start(StoreKind.Postgres, postgres);
        var run = await host.QueuedRun();
        async Task<bool> Lock() => await host.Store.Write(async db => await db.LockRun(run, Token) is not null, Token);
        for (var times = 0; times < 10; times++) { Assert.True(await Lock()); }
        await using (var db = host.Store.Open()) { await db.Database.ExecuteSqlRawAsync("ALTER TABLE runs ADD COLUMN newer integer", Token); }

        var refused = await Record.ExceptionAsync(Lock);
        Assert.Contains("cached plan", refused?.GetBaseException().Message, StringComparison.Ordinal);
        Assert.True(await Lock());
    }

    [Theory]
    [InlineData("nonsense with secret")]
    [InlineData("Port=secret")]
    [InlineData("Database=gnn;Password=secret")]
    public void A_setting_that_is_no_connection_string_is_named_but_not_repeated(string text)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Runs"] = text }).Build();
        var refused = Assert.Throws<InvalidOperationException>(() => RunsSettings.From(configuration));
        Assert.StartsWith("ConnectionStrings:Runs: found", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory, OnBothStores]
    public async Task The_model_has_no_change_that_lacks_a_migration(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        await using var db = host.Store.Open();
        Assert.False(db.Database.HasPendingModelChanges());
        Assert.Empty(await db.Database.GetPendingMigrationsAsync(Token));
    }

    /// <summary>With 10,000 queued runs a claim that sorts them takes tens of milliseconds.</summary>
    [Theory, OnBothStores]
    public async Task The_best_queued_run_is_the_first_entry_of_an_index(StoreKind store)
    {
        await using var host = await RunsHost.Start(store, postgres);
        await using var db = host.Store.Open();
        await db.Database.OpenConnectionAsync(Token);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        // The tables are empty, so Postgres is told not to read them whole.
        var (before, explain) = store == StoreKind.Postgres ? ("SET enable_seqscan = off; SET enable_bitmapscan = off; ", "EXPLAIN") : ("", "EXPLAIN QUERY PLAN");
        command.CommandText = $"{before}{explain} SELECT * FROM runs WHERE status = 'Queued' ORDER BY priority DESC, created_at, id LIMIT 1";
        var plan = new List<string>();
        await using (var lines = await command.ExecuteReaderAsync(Token))
        {
            while (await lines.ReadAsync(Token)) { plan.Add(lines.GetString(lines.FieldCount - 1)); }
        }

        Assert.Contains(plan, line => line.Contains("IX_runs_status_priority_created_at_id", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("Sort", StringComparison.Ordinal) || line.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }
}
