using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class DashboardConfiguration : IEntityTypeConfiguration<Dashboard>
{
    public void Configure(EntityTypeBuilder<Dashboard> builder)
    {
        builder.ToTable("Dashboards");
        builder.HasKey(dashboard => dashboard.Id);
        builder.Property(dashboard => dashboard.Version).IsConcurrencyToken();
        builder.HasIndex(dashboard => dashboard.StudyId);
    }
}
