using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Runs.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class PauseAndEdits : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "max_attempts",
                table: "runs");

            migrationBuilder.AddColumn<int>(
                name: "best_checkpoint_epoch",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "best_checkpoint_path",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "best_checkpoint_sha256",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "cloned_from",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "edit_version",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "infrastructure_failures",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "notes",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "tags_json",
                table: "runs",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "best_checkpoint_epoch",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "best_checkpoint_path",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "best_checkpoint_sha256",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "cloned_from",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "edit_version",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "infrastructure_failures",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "notes",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "tags_json",
                table: "runs");

            migrationBuilder.AddColumn<int>(
                name: "max_attempts",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: 3);
        }
    }
}
