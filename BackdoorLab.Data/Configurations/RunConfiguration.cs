using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BackdoorLab.Data.Configurations;

internal sealed class RunConfiguration : IEntityTypeConfiguration<Run>
{
    public void Configure(EntityTypeBuilder<Run> builder)
    {
        builder.ToTable("Runs");
        builder.HasKey(run => run.Id);
        builder.Property(run => run.Id).HasMaxLength(32);
        builder.Property(run => run.State).HasConversion<string>().HasMaxLength(16);
        builder.Property(run => run.Version).IsConcurrencyToken();

        // No foreign key: SQLite would have to build the table anew, which cannot be done in one transaction.
        builder.HasIndex(run => run.StudyId);

        // The run list, by its default order and by its filters.
        builder.HasIndex(run => new { run.Deleted, run.Created });
        builder.HasIndex(run => new
        {
            run.Deleted,
            run.Dataset,
            run.Model,
            run.Attack,
        });
        builder.HasIndex(run => new { run.Deleted, run.Ended });

        // The runs of a condition, and what conditions there are.
        builder.HasIndex(run => new { run.Deleted, run.ConditionKey });

        // Queue, active runs, counts.
        builder.HasIndex(run => new
        {
            run.State,
            run.Deleted,
            run.Queued,
        });

        // "What did this person do?"
        builder.HasIndex(run => new
        {
            run.Deleted,
            run.Owner,
            run.Created,
        });

        // "Is there a newer run of the same configuration and seed?"
        builder.HasIndex(run => new
        {
            run.ConfigHash,
            run.Seed,
            run.State,
            run.Deleted,
            run.Created,
        });
    }
}
