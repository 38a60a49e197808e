using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Runs;

/// <summary>Tells a store that is away for everybody from one that only this process cannot reach.</summary>
public static class StoreAbsence
{
    // The server itself says that it goes, crashed, or does not serve yet.
    private static readonly string[] NotServing = [PostgresErrorCodes.AdminShutdown, PostgresErrorCodes.CrashShutdown, PostgresErrorCodes.CannotConnectNow];

    /// <summary>
    /// True where the failure proves that no other process is served either: the server's machine answers that nothing listens, or the server
    /// that it stops or starts. A silence proves nothing: others may be served meanwhile. SQLite is a file, and its processes are here.
    /// </summary>
    public static bool IsForAll(Exception failure) => failure switch
    {
        PostgresException refused => NotServing.Contains(refused.SqlState),
        SocketException socket => socket.SocketErrorCode == SocketError.ConnectionRefused,
        SqliteException => true,
        { InnerException: { } inner } => IsForAll(inner),
        _ => false,
    };
}
