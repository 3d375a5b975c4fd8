using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class CurvePointConfiguration : IEntityTypeConfiguration<CurvePoint>
{
    public void Configure(EntityTypeBuilder<CurvePoint> builder)
    {
        builder.ToTable("CurvePoints");
        builder.HasKey(point => new
        {
            point.RunId,
            point.Victim,
            point.Epoch,
        });
        builder.HasOne<Run>().WithMany().HasForeignKey(point => point.RunId).OnDelete(DeleteBehavior.Cascade);
    }
}
