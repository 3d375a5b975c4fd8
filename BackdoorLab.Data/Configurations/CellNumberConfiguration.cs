using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class CellNumberConfiguration : IEntityTypeConfiguration<CellNumber>
{
    public void Configure(EntityTypeBuilder<CellNumber> builder)
    {
        builder.ToTable("Measurements");
        builder.HasKey(measurement => new
        {
            measurement.RunId,
            measurement.Victim,
            measurement.Precision,
            measurement.Defense,
            measurement.Metric,
        });

        // A number cannot outlive its cell: replacing a cell's outcome by "failed" leaves no stale value behind.
        builder
            .HasOne<Cell>()
            .WithMany()
            .HasForeignKey(measurement => new
            {
                measurement.RunId,
                measurement.Victim,
                measurement.Precision,
                measurement.Defense,
            })
            .OnDelete(DeleteBehavior.Cascade);
    }
}
