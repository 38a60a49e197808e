using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Runs.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class MemoryOfRuns : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "estimated_memory_bytes",
                table: "runs",
                type: "bigint",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "workers",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false),
                    run_memory_bytes = table.Column<long>(type: "bigint", nullable: false),
                    slots = table.Column<int>(type: "integer", nullable: false),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_workers", x => x.name);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "workers");

            migrationBuilder.DropColumn(
                name: "estimated_memory_bytes",
                table: "runs");
        }
    }
}
