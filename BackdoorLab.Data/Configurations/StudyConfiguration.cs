using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class StudyConfiguration : IEntityTypeConfiguration<Study>
{
    public void Configure(EntityTypeBuilder<Study> builder)
    {
        builder.ToTable("Studies");
        builder.HasKey(study => study.Id);
        builder.Property(study => study.Id).HasMaxLength(32);
        builder.HasIndex(study => new { study.Deleted, study.Created });
    }
}
