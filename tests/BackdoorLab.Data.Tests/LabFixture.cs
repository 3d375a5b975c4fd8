using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Data.Tests;

/// <summary>A lab in a temporary folder, on a real database file, with a clock that stands still until told.</summary>
public sealed class LabFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("backdoorlab-data-");
    private ServiceProvider _services = null!;

    public TestClock Clock { get; } = new();

    public string DatabasePath => Path.Combine(_folder.FullName, "data", "lab.db");

    public RunStore Store => _services.GetRequiredService<RunStore>();

    public RunLeases Leases => _services.GetRequiredService<RunLeases>();

    public RunRecording Recording => _services.GetRequiredService<RunRecording>();

    public RunBulk Bulk => _services.GetRequiredService<RunBulk>();

    public NamedFiles Files => _services.GetRequiredService<NamedFiles>();

    public StudyStore Studies => _services.GetRequiredService<StudyStore>();

    public RunListQuery List => _services.GetRequiredService<RunListQuery>();

    public RunQueueQuery Queue => _services.GetRequiredService<RunQueueQuery>();

    public RunFacetQuery Facets => _services.GetRequiredService<RunFacetQuery>();

    public RunDetailQuery Details => _services.GetRequiredService<RunDetailQuery>();

    public RunGroupQuery Groups => _services.GetRequiredService<RunGroupQuery>();

    public RunStreamQuery Streams => _services.GetRequiredService<RunStreamQuery>();

    public StudyQuery StudyQueries => _services.GetRequiredService<StudyQuery>();

    public MatrixQuery Matrices => _services.GetRequiredService<MatrixQuery>();

    public BoardQuery Boards => _services.GetRequiredService<BoardQuery>();

    public BoardCellQuery BoardCells => _services.GetRequiredService<BoardCellQuery>();

    public CompareQuery Comparisons => _services.GetRequiredService<CompareQuery>();

    public ReferenceStore References => _services.GetRequiredService<ReferenceStore>();

    public NoteStore Notes => _services.GetRequiredService<NoteStore>();

    public ViewStore Views => _services.GetRequiredService<ViewStore>();

    public LabDatabase Database => _services.GetRequiredService<LabDatabase>();

    public IDbContextFactory<LabDbContext> Contexts => _services.GetRequiredService<IDbContextFactory<LabDbContext>>();

    /// <summary>For tests that need the lab before its first migration.</summary>
    public void Open() =>
        _services = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddLabData(DatabasePath)
            .BuildServiceProvider();

    public async Task InitializeAsync()
    {
        Open();
        await Database.MigrateAsync();
    }

    public async Task DisposeAsync()
    {
        await _services.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }
}
