using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class RunTextConfiguration : IEntityTypeConfiguration<RunText>
{
    public void Configure(EntityTypeBuilder<RunText> builder)
    {
        builder.ToTable("RunTexts");
        builder.HasKey(text => text.RunId);
        builder.HasOne<Run>().WithOne().HasForeignKey<RunText>(text => text.RunId).OnDelete(DeleteBehavior.Cascade);
    }
}
