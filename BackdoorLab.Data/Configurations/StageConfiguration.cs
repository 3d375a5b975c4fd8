using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class StageConfiguration : IEntityTypeConfiguration<Stage>
{
    public void Configure(EntityTypeBuilder<Stage> builder)
    {
        builder.ToTable("Stages");
        builder.HasKey(stage => new { stage.RunId, stage.Key });
        builder.Property(stage => stage.State).HasConversion<string>().HasMaxLength(16);

        // "Does any other run name this stage?": its files are shared.
        builder.HasIndex(stage => stage.Key);
        builder.HasOne<Run>().WithMany().HasForeignKey(stage => stage.RunId).OnDelete(DeleteBehavior.Cascade);
    }
}
