using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class ConditionTextConfiguration : IEntityTypeConfiguration<ConditionText>
{
    public void Configure(EntityTypeBuilder<ConditionText> builder)
    {
        builder.ToTable("Conditions");
        builder.HasKey(text => text.Key);
        builder.Property(text => text.Key).HasMaxLength(ConditionText.KeyLength);
    }
}
