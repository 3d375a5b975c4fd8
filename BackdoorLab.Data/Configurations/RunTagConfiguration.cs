using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class RunTagConfiguration : IEntityTypeConfiguration<RunTag>
{
    public void Configure(EntityTypeBuilder<RunTag> builder)
    {
        builder.ToTable("RunTags");
        builder.HasKey(tag => new { tag.RunId, tag.Tag });
        builder.Property(tag => tag.Tag).HasMaxLength(TagText.MaxLength);

        // "Runs with this tag", and the words people have used.
        builder.HasIndex(tag => new { tag.Tag, tag.RunId });
        builder.HasOne<Run>().WithMany().HasForeignKey(tag => tag.RunId).OnDelete(DeleteBehavior.Cascade);
    }
}
