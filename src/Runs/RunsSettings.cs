using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Runs;

/// <summary>Where runs are kept.</summary>
public sealed record RunsSettings
{
    /// <summary>Setting <c>Gnn:DataFolder</c>: the SQLite file, artifacts and locks.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Setting <c>ConnectionStrings:Runs</c>; empty means SQLite in the data folder.</summary>
    public string? Postgres { get; init; }

    public bool UsesPostgres => Postgres is not null;

    public string SqliteFile => Path.Combine(DataFolder, "runs.db");

    public string ArtifactsFolder(Guid run) => Path.Combine(DataFolder, "artifacts", run.ToString());

    public static RunsSettings From(IConfiguration configuration)
    {
        var folder = configuration["Gnn:DataFolder"];
        var postgres = configuration.GetConnectionString("Runs");
        return new RunsSettings
        {
            DataFolder = Path.GetFullPath(string.IsNullOrWhiteSpace(folder) ? ".gnn" : folder),
            Postgres = string.IsNullOrWhiteSpace(postgres) ? null : Checked(postgres),
        };
    }

    /// <summary>
    /// A worker that is cut off in the middle of a transaction leaves the run's row locked, and nobody can take the run while the server waits for
    /// the rest of it. Ours take milliseconds.
    /// </summary>
    private const string IdleTransactionTimeout = "idle_in_transaction_session_timeout";

    private const int PreparedStatements = 100;

    private static string Checked(string postgres)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(postgres);
            if (settings.Host is { Length: > 0 })
            {
                if (settings.Options?.Contains(IdleTransactionTimeout, StringComparison.Ordinal) != true) { settings.Options = $"{settings.Options} -c {IdleTransactionTimeout}=10s".TrimStart(); }

                // The same few statements all the time: planned once a connection, and no cleaning of sessions that leave nothing behind. What a user says holds.
                if (!settings.ShouldSerialize("Max Auto Prepare")) { settings.MaxAutoPrepare = PreparedStatements; }
                if (!settings.ShouldSerialize("No Reset On Close")) { settings.NoResetOnClose = true; }
                return settings.ToString();
            }
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException)
        {
            // Told below, without the text: it may hold a password.
        }
        throw new InvalidOperationException(
            "ConnectionStrings:Runs: found a text that is no connection string with a host, " +
            "needed one like Host=db;Database=gnn;Username=gnn;Password=…, or nothing for SQLite");
    }
}
