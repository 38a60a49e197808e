using System.Text.Json;
using Contracts;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Runs;

/// <summary>Tells a store that is away, and comes back, from one that will never take what it was given.</summary>
internal static class StoreRefusal
{
    private const int MaxReason = 300;

    // SQLite: too big, constraint, mismatch. The store's own state (busy, full, read-only, missing table) is not the event's fault.
    private static readonly int[] SqliteRefusals = [18, 19, 20];

    public static bool IsForGood(Exception failure) => failure switch
    {
        // Classes of SQLSTATE: 22 data exception, 23 integrity constraint, 54 program limit.
        PostgresException refused => refused.SqlState[..2] is "22" or "23" or "54",
        SqliteException refused => SqliteRefusals.Contains(refused.SqliteErrorCode),
        DbUpdateConcurrencyException => false,
        JsonException or ArgumentException or InvalidCastException or OverflowException or NotSupportedException => true,
        { InnerException: { } inner } => IsForGood(inner),
        _ => false,
    };

    /// <summary>What is told instead. The run still ends: its last event is replaced by one that ends it.</summary>
    public static TrainerEvent InPlaceOf(TrainerEvent refused, Exception reason)
    {
        var cause = reason.GetBaseException();
        var why = cause is PostgresException postgres ? postgres.MessageText : cause.Message;
        if (why.Length > MaxReason) { why = why[..MaxReason]; }
        var message = $"the store refused an event of the Trainer ({refused.GetType().Name}): {why}";
        return refused switch
        {
            FailedEvent failed => new FailedEvent { At = DateTimeOffset.UtcNow, Class = failed.Class, Message = message },
            FinishedEvent => new FailedEvent { At = DateTimeOffset.UtcNow, Class = FailureClass.Infrastructure, Message = message },
            StoppedEvent stopped => new StoppedEvent { At = DateTimeOffset.UtcNow, Epoch = stopped.Epoch },
            _ => new LogEvent { At = DateTimeOffset.UtcNow, Level = "warning", Message = message },
        };
    }
}
