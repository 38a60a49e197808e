using System.Reflection;
using Hangfire;
using Hangfire.InMemory;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;

namespace Runs;

/// <summary>Where tickets wait: in memory beside SQLite, else in the database of the runs.</summary>
internal static class TicketStorage
{
    /// <summary>
    /// A fixed invisibility timeout starts every job a second time once it is over, however well the first is doing. The sliding one
    /// renews itself while the worker lives; a ticket of a dead worker comes back after this time, its run by its lease much earlier.
    /// </summary>
    private static PostgreSqlStorageOptions Options => new()
    {
        UseSlidingInvisibilityTimeout = true,
        InvisibilityTimeout = TimeSpan.FromMinutes(2),
        DistributedLockTimeout = TimeSpan.FromMinutes(1),
        QueuePollInterval = TimeSpan.FromSeconds(1),
        EnableLongPolling = true,                                     // a ring wakes a worker at once; the poll remains
        StartupConnectionMaxRetries = 10,
        AllowDegradedModeWithoutStorage = false,
    };

    public static JobStorage Open(RunsSettings settings)
    {
        if (!settings.UsesPostgres) { return new InMemoryStorage(); }

        // The same object twice: options given to only one of the two are silently the defaults in the other.
        var options = Options;
        using var hold = PostgresStartLock.Take(settings.Postgres!, CancellationToken.None).GetAwaiter().GetResult();
        var storage = new PostgreSqlStorage(new NpgsqlConnectionFactory(settings.Postgres!, options), options);
        AssertInEffect(storage);
        return storage;
    }

    private static void AssertInEffect(PostgreSqlStorage storage)
    {
        var effective = EffectiveOptions(storage);
        if (!effective.UseSlidingInvisibilityTimeout || effective.AllowDegradedModeWithoutStorage ||
            effective.InvisibilityTimeout != Options.InvisibilityTimeout)
        {
            throw new InvalidOperationException(
                $"Hangfire's storage runs with sliding = {effective.UseSlidingInvisibilityTimeout}, invisibility timeout = {effective.InvisibilityTimeout}; " +
                $"needed sliding = True, {Options.InvisibilityTimeout}: training would be started twice");
        }
    }

    /// <summary>The storage keeps what it really uses to itself.</summary>
    internal static PostgreSqlStorageOptions EffectiveOptions(PostgreSqlStorage storage) =>
        typeof(PostgreSqlStorage).GetProperties(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(property => property.PropertyType == typeof(PostgreSqlStorageOptions))
            .Select(property => property.GetValue(storage) as PostgreSqlStorageOptions)
            .FirstOrDefault()
        ?? throw new InvalidOperationException("This version of Hangfire.PostgreSql hides its options elsewhere: mend TicketStorage");
}
