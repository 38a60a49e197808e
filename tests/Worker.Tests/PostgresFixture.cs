using System.Reflection;
using Testing;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(Worker.Tests.PostgresFixture))]

namespace Worker.Tests;

public enum StoreKind { Sqlite, Postgres }

/// <summary>One server for the whole program.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer server = null!;

    public async ValueTask InitializeAsync() => server = await PostgresServer.Start();

    public async ValueTask DisposeAsync() => await server.DisposeAsync();

    /// <summary>A fresh database; null means SQLite in the data folder.</summary>
    public string? DatabaseFor(StoreKind store) => store == StoreKind.Postgres ? server.NewDatabase() : null;
}

/// <summary>The test runs on both stores.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnBothStoresAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([new TheoryDataRow<StoreKind>(StoreKind.Sqlite), new TheoryDataRow<StoreKind>(StoreKind.Postgres)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
