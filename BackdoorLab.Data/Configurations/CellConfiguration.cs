using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class CellConfiguration : IEntityTypeConfiguration<Cell>
{
    public void Configure(EntityTypeBuilder<Cell> builder)
    {
        builder.ToTable("Cells");
        builder.HasKey(cell => new
        {
            cell.RunId,
            cell.Victim,
            cell.Precision,
            cell.Defense,
        });
        builder.Property(cell => cell.Outcome).HasConversion<string>().HasMaxLength(16);
        builder.Property(cell => cell.Verdict).HasConversion<string>().HasMaxLength(16);
        builder.Property(cell => cell.VerdictReason).HasMaxLength(32).HasDefaultValue("");
        builder.Property(cell => cell.VerdictFactsJson).HasDefaultValue("{}");
        builder.HasOne<Run>().WithMany().HasForeignKey(cell => cell.RunId).OnDelete(DeleteBehavior.Cascade);
    }
}
