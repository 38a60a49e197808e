using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Runs.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "runs",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "TEXT", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    group = table.Column<string>(type: "TEXT", nullable: true),
                    spec_json = table.Column<string>(type: "TEXT", nullable: false),
                    dataset = table.Column<string>(type: "TEXT", nullable: false),
                    convolution = table.Column<string>(type: "TEXT", maxLength: 30, nullable: false),
                    backbone = table.Column<string>(type: "TEXT", maxLength: 30, nullable: false),
                    layers = table.Column<int>(type: "INTEGER", nullable: false),
                    hidden_channels = table.Column<int>(type: "INTEGER", nullable: false),
                    seed = table.Column<int>(type: "INTEGER", nullable: false),
                    epochs = table.Column<int>(type: "INTEGER", nullable: false),
                    status = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    attempt = table.Column<int>(type: "INTEGER", nullable: false),
                    lost_attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    max_attempts = table.Column<int>(type: "INTEGER", nullable: false),
                    worker = table.Column<string>(type: "TEXT", nullable: true),
                    lease_until = table.Column<long>(type: "INTEGER", nullable: true),
                    priority = table.Column<int>(type: "INTEGER", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    started_at = table.Column<long>(type: "INTEGER", nullable: true),
                    finished_at = table.Column<long>(type: "INTEGER", nullable: true),
                    epoch = table.Column<int>(type: "INTEGER", nullable: false),
                    metric = table.Column<string>(type: "TEXT", nullable: true),
                    best_epoch = table.Column<int>(type: "INTEGER", nullable: true),
                    best_valid_metric = table.Column<double>(type: "REAL", nullable: true),
                    best_valid_loss = table.Column<double>(type: "REAL", nullable: true),
                    test_metric = table.Column<double>(type: "REAL", nullable: true),
                    peak_memory_bytes = table.Column<long>(type: "INTEGER", nullable: true),
                    failure_class = table.Column<string>(type: "TEXT", maxLength: 20, nullable: true),
                    failure_message = table.Column<string>(type: "TEXT", nullable: true),
                    checkpoint_epoch = table.Column<int>(type: "INTEGER", nullable: true),
                    checkpoint_path = table.Column<string>(type: "TEXT", nullable: true),
                    checkpoint_sha256 = table.Column<string>(type: "TEXT", nullable: true),
                    started_json = table.Column<string>(type: "TEXT", nullable: true),
                    last_seq = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_runs", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "epochs",
                columns: table => new
                {
                    run_id = table.Column<Guid>(type: "TEXT", nullable: false),
                    attempt = table.Column<int>(type: "INTEGER", nullable: false),
                    epoch = table.Column<int>(type: "INTEGER", nullable: false),
                    seq = table.Column<long>(type: "INTEGER", nullable: false),
                    voided = table.Column<bool>(type: "INTEGER", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false),
                    train_loss = table.Column<double>(type: "REAL", nullable: false),
                    valid_loss = table.Column<double>(type: "REAL", nullable: false),
                    test_loss = table.Column<double>(type: "REAL", nullable: false),
                    train_metric = table.Column<double>(type: "REAL", nullable: false),
                    valid_metric = table.Column<double>(type: "REAL", nullable: false),
                    test_metric = table.Column<double>(type: "REAL", nullable: false),
                    learning_rate = table.Column<double>(type: "REAL", nullable: false),
                    seconds = table.Column<double>(type: "REAL", nullable: false),
                    nodes_per_second = table.Column<double>(type: "REAL", nullable: false),
                    peak_memory_bytes = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_epochs", x => new { x.run_id, x.attempt, x.epoch });
                    table.ForeignKey(
                        name: "FK_epochs_runs_run_id",
                        column: x => x.run_id,
                        principalTable: "runs",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "events",
                columns: table => new
                {
                    run_id = table.Column<Guid>(type: "TEXT", nullable: false),
                    seq = table.Column<long>(type: "INTEGER", nullable: false),
                    attempt = table.Column<int>(type: "INTEGER", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false),
                    kind = table.Column<string>(type: "TEXT", nullable: false),
                    message = table.Column<string>(type: "TEXT", nullable: false),
                    body = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_events", x => new { x.run_id, x.seq });
                    table.ForeignKey(
                        name: "FK_events_runs_run_id",
                        column: x => x.run_id,
                        principalTable: "runs",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_epochs_run_id_seq",
                table: "epochs",
                columns: new[] { "run_id", "seq" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_runs_created_at_id",
                table: "runs",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_runs_group",
                table: "runs",
                column: "group");

            migrationBuilder.CreateIndex(
                name: "IX_runs_status_priority_created_at",
                table: "runs",
                columns: new[] { "status", "priority", "created_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "epochs");

            migrationBuilder.DropTable(
                name: "events");

            migrationBuilder.DropTable(
                name: "runs");
        }
    }
}
