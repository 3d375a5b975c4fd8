using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace BackdoorLab.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RepeatsIndex : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Runs_ConfigHash_Seed",
                table: "Runs");

            migrationBuilder.CreateIndex(
                name: "IX_Runs_ConfigHash_Seed_State_Deleted_Created",
                table: "Runs",
                columns: new[] { "ConfigHash", "Seed", "State", "Deleted", "Created" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Runs_ConfigHash_Seed_State_Deleted_Created",
                table: "Runs");

            migrationBuilder.CreateIndex(
                name: "IX_Runs_ConfigHash_Seed",
                table: "Runs",
                columns: new[] { "ConfigHash", "Seed" });
        }
    }
}
