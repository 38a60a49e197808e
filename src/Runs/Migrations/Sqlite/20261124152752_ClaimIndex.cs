using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Runs.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ClaimIndex : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_runs_status_priority_created_at",
                table: "runs");

            migrationBuilder.CreateIndex(
                name: "IX_runs_lease_until",
                table: "runs",
                column: "lease_until",
                filter: "lease_until IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_runs_status_priority_created_at_id",
                table: "runs",
                columns: new[] { "status", "priority", "created_at", "id" },
                descending: new[] { false, true, false, false });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_runs_lease_until",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "IX_runs_status_priority_created_at_id",
                table: "runs");

            migrationBuilder.CreateIndex(
                name: "IX_runs_status_priority_created_at",
                table: "runs",
                columns: new[] { "status", "priority", "created_at" });
        }
    }
}
