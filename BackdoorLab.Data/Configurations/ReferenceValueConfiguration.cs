using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class ReferenceValueConfiguration : IEntityTypeConfiguration<ReferenceValue>
{
    public void Configure(EntityTypeBuilder<ReferenceValue> builder)
    {
        builder.ToTable("ReferenceValues");
        builder.HasKey(value => value.Id);
        builder.HasIndex(value => new
        {
            value.Dataset,
            value.Model,
            value.PoisonRate,
            value.Attack,
            value.Defense,
        });
    }
}
