using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Testing;

public enum StoreKind { Sqlite, Postgres }

/// <summary>The test runs once on SQLite and once on Postgres.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnBothStoresAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([new TheoryDataRow<StoreKind>(StoreKind.Sqlite), new TheoryDataRow<StoreKind>(StoreKind.Postgres)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
