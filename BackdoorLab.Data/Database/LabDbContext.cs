using BackdoorLab.Data.Configurations;
using BackdoorLab.Data.Entities;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Database;

/// <summary>
/// The lab's tables. Abstract: each database provider has its own derived context with its own migrations. Stores and
/// queries make an instance for each operation.
/// </summary>
public abstract class LabDbContext : IdentityUserContext<LabUser>
{
    private protected LabDbContext(DbContextOptions options)
        : base(options) { }

    /// <summary>What "today" means in a condition.</summary>
    internal TimeProvider Time { get; set; } = TimeProvider.System;

    internal DbSet<Study> Studies => Set<Study>();

    internal DbSet<Run> Runs => Set<Run>();

    internal DbSet<RunText> RunTexts => Set<RunText>();

    internal DbSet<ConditionText> Conditions => Set<ConditionText>();

    internal DbSet<Stage> Stages => Set<Stage>();

    internal DbSet<Cell> Cells => Set<Cell>();

    internal DbSet<CellNumber> Measurements => Set<CellNumber>();

    internal DbSet<CurvePoint> CurvePoints => Set<CurvePoint>();

    internal DbSet<Artifact> Artifacts => Set<Artifact>();

    internal DbSet<LogLine> LogLines => Set<LogLine>();

    internal DbSet<RunTag> RunTags => Set<RunTag>();

    internal DbSet<Note> Notes => Set<Note>();

    internal DbSet<SavedView> SavedViews => Set<SavedView>();

    internal DbSet<Dashboard> Dashboards => Set<Dashboard>();

    internal DbSet<ShareLink> ShareLinks => Set<ShareLink>();

    internal DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    internal DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    internal DbSet<ReferenceValue> ReferenceValues => Set<ReferenceValue>();

    /// <summary>
    /// Begins a read of several statements that all see the same state: a recorder writing in between cannot make
    /// stages and cells contradict each other. It does not block writers. Dispose it when done; there is nothing to
    /// commit.
    /// </summary>
    internal abstract Task<IAsyncDisposable> BeginSnapshotAsync(CancellationToken cancellation);

    /// <inheritdoc />
    public override Task<int> SaveChangesAsync(
        bool acceptAllChangesOnSuccess,
        CancellationToken cancellationToken = default
    )
    {
        foreach (var entry in ChangeTracker.Entries<Run>())
        {
            if (entry.State == EntityState.Modified)
            {
                entry.Entity.Version++;
            }
        }

        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<IdentityUserClaim<string>>().ToTable("UserClaims");
        builder.Entity<IdentityUserLogin<string>>().ToTable("UserLogins");
        builder.Entity<IdentityUserToken<string>>().ToTable("UserTokens");
        builder.ApplyConfigurationsFromAssembly(typeof(LabDbContext).Assembly);
    }

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();
        configurationBuilder.Properties<Victim>().HaveConversion<VictimColumn>();
    }
}
