using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace BackdoorLab.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class StageKeys : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_Stages_Key",
                table: "Stages",
                column: "Key");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Stages_Key",
                table: "Stages");
        }
    }
}
