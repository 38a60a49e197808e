using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Runs.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class MetricsAndAnswers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "summaries_json",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "trace_parent",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "kept_answers",
                columns: table => new
                {
                    owner = table.Column<string>(type: "TEXT", nullable: false),
                    key = table.Column<string>(type: "TEXT", nullable: false),
                    request_sha256 = table.Column<string>(type: "TEXT", nullable: false),
                    location = table.Column<string>(type: "TEXT", nullable: false),
                    body = table.Column<string>(type: "TEXT", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_kept_answers", x => new { x.owner, x.key });
                });

            migrationBuilder.CreateIndex(
                name: "IX_kept_answers_at",
                table: "kept_answers",
                column: "at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "kept_answers");

            migrationBuilder.DropColumn(
                name: "summaries_json",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "trace_parent",
                table: "runs");
        }
    }
}
