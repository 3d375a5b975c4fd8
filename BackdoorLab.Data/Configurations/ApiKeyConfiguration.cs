using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class ApiKeyConfiguration : IEntityTypeConfiguration<ApiKey>
{
    public void Configure(EntityTypeBuilder<ApiKey> builder)
    {
        builder.ToTable("ApiKeys");
        builder.HasKey(key => key.Id);
        builder.HasIndex(key => key.KeyHash).IsUnique();
        builder.HasIndex(key => key.Owner);
        builder.Property(key => key.Scope).HasConversion<LowerCaseName<ApiScope>>();
    }
}
