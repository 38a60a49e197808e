using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Runs.Migrations;

/// <summary>
/// For <c>dotnet ef migrations add NAME --context SqliteRunsDb --output-dir Migrations/Sqlite</c>, and the same for PostgresRunsDb. Nothing
/// is opened: the tool only asks which store to write for.
/// </summary>
internal sealed class DesignTimeSqlite : IDesignTimeDbContextFactory<SqliteRunsDb>
{
    public SqliteRunsDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<SqliteRunsDb>().UseSqlite("Data Source=design.db").Options);
}

internal sealed class DesignTimePostgres : IDesignTimeDbContextFactory<PostgresRunsDb>
{
    public PostgresRunsDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PostgresRunsDb>().UseNpgsql("Host=localhost").Options);
}
