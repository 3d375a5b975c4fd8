using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace BackdoorLab.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Verdicts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Verdict",
                table: "Cells",
                type: "TEXT",
                maxLength: 16,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "VerdictFactsJson",
                table: "Cells",
                type: "TEXT",
                nullable: false,
                defaultValue: "{}");

            migrationBuilder.AddColumn<string>(
                name: "VerdictReason",
                table: "Cells",
                type: "TEXT",
                maxLength: 32,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Kind",
                table: "Artifacts",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Trained",
                table: "Artifacts",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            // Rates within a model are metrics of their own; a cell without a detector's score never counted models.
            foreach (var metric in new[] { "detection-rate", "false-positive-rate" })
            {
                migrationBuilder.Sql(
                    $"""
                    UPDATE Measurements SET Metric = 'sample-{metric}' WHERE Metric = '{metric}' AND NOT EXISTS (
                        SELECT 1 FROM Measurements AS score WHERE score.RunId = Measurements.RunId AND score.Victim = Measurements.Victim
                            AND score.Precision = Measurements.Precision AND score.Defense = Measurements.Defense AND score.Metric = 'detector-score');
                    """);
            }

            migrationBuilder.Sql("UPDATE Measurements SET Metric = 'sample-auroc' WHERE Metric = 'auroc';");
            migrationBuilder.Sql("UPDATE Measurements SET Metric = 'sample-detection-rate-at-1-percent' WHERE Metric = 'detection-rate-at-1-percent';");

            // What titles told until now.
            migrationBuilder.Sql("UPDATE Artifacts SET Kind = 'reversed-triggers' WHERE Role = 'figure' AND Title = 'Reversed triggers';");
            migrationBuilder.Sql("UPDATE Artifacts SET Trained = CASE WHEN Title LIKE '%, benign twin' THEN 'Benign' ELSE 'Backdoored' END WHERE Role = 'training-figure';");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("UPDATE Measurements SET Metric = substr(Metric, 8) WHERE Metric IN ('sample-detection-rate', 'sample-false-positive-rate', 'sample-auroc', 'sample-detection-rate-at-1-percent');");

            migrationBuilder.DropColumn(
                name: "Verdict",
                table: "Cells");

            migrationBuilder.DropColumn(
                name: "VerdictFactsJson",
                table: "Cells");

            migrationBuilder.DropColumn(
                name: "VerdictReason",
                table: "Cells");

            migrationBuilder.DropColumn(
                name: "Kind",
                table: "Artifacts");

            migrationBuilder.DropColumn(
                name: "Trained",
                table: "Artifacts");
        }
    }
}
