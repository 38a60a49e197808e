using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Runs.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class EpochMetrics : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "is_best",
                table: "epochs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "metrics_json",
                table: "epochs",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "is_best",
                table: "epochs");

            migrationBuilder.DropColumn(
                name: "metrics_json",
                table: "epochs");
        }
    }
}
