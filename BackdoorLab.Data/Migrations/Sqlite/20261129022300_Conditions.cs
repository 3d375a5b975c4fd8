using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace BackdoorLab.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Conditions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "BackdooredDamage",
                table: "Runs",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "BenignDamage",
                table: "Runs",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "ConditionKey",
                table: "Runs",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "DataJson",
                table: "RunTexts",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "DefenseKey",
                table: "Cells",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "PrecisionKey",
                table: "Cells",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.CreateTable(
                name: "Conditions",
                columns: table => new
                {
                    Key = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Json = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Conditions", x => x.Key);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Runs_Deleted_ConditionKey",
                table: "Runs",
                columns: new[] { "Deleted", "ConditionKey" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Conditions");

            migrationBuilder.DropIndex(
                name: "IX_Runs_Deleted_ConditionKey",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "BackdooredDamage",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "BenignDamage",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "ConditionKey",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "DataJson",
                table: "RunTexts");

            migrationBuilder.DropColumn(
                name: "DefenseKey",
                table: "Cells");

            migrationBuilder.DropColumn(
                name: "PrecisionKey",
                table: "Cells");
        }
    }
}
