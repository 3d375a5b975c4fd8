using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class LabUserConfiguration : IEntityTypeConfiguration<LabUser>
{
    public void Configure(EntityTypeBuilder<LabUser> builder)
    {
        builder.ToTable("Users");

        // Identity's one time with an offset; SQLite cannot order those.
        builder
            .Property(user => user.LockoutEnd)
            .HasConversion(
                time => time!.Value.UtcDateTime,
                time => new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc))
            );
        builder.Property(user => user.Role).HasConversion<string>().HasMaxLength(16);
    }
}
